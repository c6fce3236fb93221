#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/uuid.h"
#include "tests/support/paths.h"

namespace crmsync::test {

/// A program started as a child, with pipes for its input and outputs. Killed when it outlives the test.
class Program {
public:
    struct Ended {
        int code = -1;  ///< 128 + signal when a signal ended it.
        std::string out;
        std::string err;
    };

    Program(const std::string& path, const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& environment, const std::string& input = "")
    {
        std::array<int, 2> in{}, out{}, err{};
        for (auto* pair : {&in, &out, &err})
            if (::pipe2(pair->data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
        std::vector<std::string> words{path}, settings;
        words.insert(words.end(), arguments.begin(), arguments.end());
        for (const auto& [name, value] : environment) settings.push_back(name + "=" + value);
        const int failed =
            ::posix_spawn(&pid_, path.c_str(), &actions, nullptr, pointers(words).data(), pointers(settings).data());
        posix_spawn_file_actions_destroy(&actions);
        for (const int end : {in[0], out[1], err[1]}) ::close(end);
        if (failed != 0) throw std::runtime_error("cannot start " + path);
        out_.file = out[0];
        err_.file = err[0];
        // Small enough for the pipe's buffer.
        if (!input.empty() && ::write(in[1], input.data(), input.size()) < 0) throw std::runtime_error("write");
        ::close(in[1]);
    }

    ~Program()
    {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        for (const Output* output : {&out_, &err_})
            if (output->file >= 0) ::close(output->file);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// Waits until an output holds the text; false when the program ends or falls silent without it.
    bool wait_for(std::string_view text)
    {
        while (!out_.text.contains(text) && !err_.text.contains(text))
            if (!read_some()) return false;
        return true;
    }
    /// Takes what it has printed: it waits itself while its pipes are full.
    void drain()
    {
        while (read_some(0)) {
        }
    }
    const std::string& out() const { return out_.text; }
    const std::string& err() const { return err_.text; }
    void signal(int number) const { ::kill(pid_, number); }
    pid_t pid() const { return pid_; }

    /// Waits for its end.
    Ended finish()
    {
        while (read_some()) {
        }
        if (out_.file >= 0 || err_.file >= 0) ::kill(pid_, SIGKILL);  // It hangs.
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return {code, std::move(out_.text), std::move(err_.text)};
    }

private:
    static constexpr int silence_max_ms = 60'000;

    struct Output {
        int file = -1;
        std::string text;
    };

    static std::vector<char*> pointers(std::vector<std::string>& texts)
    {
        std::vector<char*> result;
        for (std::string& text : texts) result.push_back(text.data());
        result.push_back(nullptr);
        return result;
    }

    /// False when both outputs are closed, or nothing has come for too long.
    bool read_some(int patience_ms = silence_max_ms)
    {
        std::vector<pollfd> waiting;
        std::vector<Output*> outputs;
        for (Output* output : {&out_, &err_}) {
            if (output->file < 0) continue;
            waiting.push_back({output->file, POLLIN, 0});
            outputs.push_back(output);
        }
        if (waiting.empty() || ::poll(waiting.data(), waiting.size(), patience_ms) <= 0) return false;
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].revents == 0) continue;
            std::array<char, 4096> buffer{};
            const ssize_t got = ::read(outputs[i]->file, buffer.data(), buffer.size());
            if (got > 0) {
                outputs[i]->text.append(buffer.data(), static_cast<std::size_t>(got));
            } else {
                ::close(std::exchange(outputs[i]->file, -1));
            }
        }
        return true;
    }

    pid_t pid_ = -1;
    Output out_, err_;
};

/// A directory of its own in which crmsync runs, untouched by the caller's settings.
class Home {
public:
    Home() : path_(std::filesystem::temp_directory_path() / ("crmsync-test-" + to_string(random_uuid7({}))))
    {
        std::filesystem::create_directories(path_);
        environment = {
            {"CRMSYNC_STATE_DIR", path_ / "state"}, {"CRMSYNC_ENV_FILE", "/dev/null"}, {"CRMSYNC_CONFIG", "/dev/null"},
            {"CRMSYNC_LISTEN", "127.0.0.1:0"},      {"PATH", "/usr/bin:/bin"},         {"HOME", path_}};
    }
    ~Home()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;

    Program start(const std::vector<std::string>& arguments, const std::string& input = "") const
    {
        return Program(built_program(), arguments, environment, input);
    }
    Program::Ended run(const std::vector<std::string>& arguments, const std::string& input = "") const
    {
        return start(arguments, input).finish();
    }
    std::string file(const std::string& name, const std::string& text) const
    {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return path_ / name;
    }
    std::string read(const std::string& name) const
    {
        std::ifstream in(path_ / name, std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }
    const std::filesystem::path& path() const { return path_; }

    std::map<std::string, std::string> environment;

private:
    std::filesystem::path path_;
};

}  // namespace crmsync::test
