#pragma once

namespace crmsync::app {

/// The whole program: parses the command line, reads the configuration, runs the command. Returns the exit code.
int run_program(int argc, char** argv);

}  // namespace crmsync::app
