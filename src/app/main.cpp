#include "app/cli/front.h"

int main(int argc, char** argv) { return crmsync::app::run_program(argc, argv); }
