#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace crmsync::test {

/// A real mail server in a process of its own, which ends with this. Options: those of smtp_server.py.
class SmtpServer {
public:
    explicit SmtpServer(std::vector<std::string> options)
    {
        options.insert(options.begin(), {source_file("tests/support/smtp_server.py"), home_.path()});
        program_ = std::make_unique<Program>("/usr/bin/python3", options, home_.environment);
        if (!program_->wait_for("listening on ") || !program_->wait_for("\n"))
            throw std::runtime_error("no mail server: " + program_->err());
        const std::string& out = program_->out();
        port_ = out.substr(out.find("on ") + 3, out.find('\n') - out.find("on ") - 3);
    }

    const std::string& port() const { return port_; }
    std::string url() const { return "smtp://127.0.0.1:" + port_; }
    /// Its own authority.
    std::string certificate() const { return home_.path() / "cert.pem"; }
    /// What it took first; waits for it.
    boost::json::value mail()
    {
        if (!program_->wait_for("}\n")) throw std::runtime_error("no mail came: " + program_->err());
        const std::string& out = program_->out();
        return boost::json::parse(out.substr(out.find('{'), out.find("}\n") + 1 - out.find('{')));
    }
    bool has_mail()
    {
        program_->drain();
        return program_->out().contains('{');
    }

private:
    Home home_;
    std::unique_ptr<Program> program_;
    std::string port_;
};

}  // namespace crmsync::test
