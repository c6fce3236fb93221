#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <iostream>

#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace crmsync::test {
namespace {

using testing::HasSubstr;

/// One command of README's tour, with what it is said to print.
struct Step {
    std::string command;
    std::vector<std::string> output;
};

/// The ```console blocks: "$ " begins a command, a here-document goes to its END, the rest is output.
std::vector<Step> tour()
{
    std::ifstream readme(source_file("README.md"));
    std::vector<Step> steps;
    bool inside = false, here_document = false;
    for (std::string line; std::getline(readme, line);) {
        if (line.starts_with("```")) {
            inside = line == "```console";
        } else if (!inside) {
            continue;
        } else if (here_document) {
            steps.back().command += "\n" + line;
            here_document = line != "END";
        } else if (line.starts_with("$ ")) {
            steps.push_back({line.substr(2), {}});
            here_document = line.contains("<<END");
        } else {
            steps.back().output.push_back(line);
        }
    }
    return steps;
}

void replace_all(std::string& text, std::string_view from, std::string_view to)
{
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

std::string free_port()
{
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, generic, size) != 0 || ::getsockname(listener, generic, &size) != 0)
        throw std::runtime_error("no free port");
    ::close(listener);
    return std::to_string(ntohs(address.sin_port));
}

/// What the tour's reader does by eye: waits for a service before going on, and for a queue to be worked.
constexpr std::string_view waiting = R"sh(
wait_for() { grep -q -m1 "$2" <(tail --pid=$$ -n +1 -F "$1" 2>/dev/null); }
settle() { while "$CRMSYNC" status --json | grep -Eq '"(due|running)":[1-9]'; do :; done; }
)sh";

/// The tour as a script.
std::string script_of(const std::vector<Step>& steps)
{
    std::string script(waiting);
    int service = 0;
    for (const Step& step : steps) {
        std::string command = step.command;
        replace_all(command, "./run", "\"$CRMSYNC\"");
        if (command.ends_with(" &")) {
            const std::string log = "service" + std::to_string(++service) + ".log";
            command.insert(command.size() - 2, " > " + log + " 2>&1");
            const std::string_view ready = command.contains("simulate") ? "Control:" : "listening on";
            script += command + "\nwait_for " + log + " '" + std::string(ready) + "'\ncat " + log + "\n";
        } else if (command.contains("<<END")) {
            script += command + "\n";
        } else {
            script += command + " || echo \"exit code $?\"\n";
        }
        if (command.contains(" brevo --")) script += "settle\n";
    }
    return script + "kill $(jobs -p)\nwait\n";
}

TEST(Readme, TheTourRunsAsItStandsThere)
{
    Home home;
    std::vector<Step> steps = tour();
    ASSERT_GT(steps.size(), 10u);
    const std::pair<std::string, std::string> ports[] = {{"8000", free_port()}, {"9000", free_port()}};
    for (const auto& [usual, free] : ports)
        for (Step& step : steps) {
            replace_all(step.command, usual, free);
            for (std::string& line : step.output) replace_all(line, usual, free);
        }
    home.environment.erase("CRMSYNC_STATE_DIR");
    home.environment["CRMSYNC"] = built_program();
    home.environment["CRMSYNC_LISTEN"] = "127.0.0.1:" + ports[0].second;
    home.environment["TMPDIR"] = home.path();
    const std::string script = home.file("tour.sh", "cd " + home.path().string() + script_of(steps));
    const Program::Ended ended = Program("/bin/bash", {script}, home.environment).finish();
    for (const Step& step : steps)
        for (const std::string& line : step.output) EXPECT_THAT(ended.out, HasSubstr(line + "\n")) << step.command;
    if (HasFailure()) std::cerr << ended.out << ended.err;
}

}  // namespace
}  // namespace crmsync::test
