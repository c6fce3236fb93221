#pragma once

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace crmsync::test {

/// What is logged while it lives, as "level message" lines, instead of standard error.
class CapturedLog {
public:
    CapturedLog() : former_(spdlog::default_logger())
    {
        auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
        logger->set_pattern("%l %v");
        spdlog::set_default_logger(std::move(logger));
    }
    ~CapturedLog() { spdlog::set_default_logger(std::move(former_)); }
    CapturedLog(const CapturedLog&) = delete;
    CapturedLog& operator=(const CapturedLog&) = delete;

    /// The lines with this text.
    std::vector<std::string> lines(std::string_view with) const
    {
        std::istringstream in(text_.str());
        std::vector<std::string> found;
        for (std::string line; std::getline(in, line);)
            if (line.contains(with)) found.push_back(line);
        return found;
    }

private:
    std::shared_ptr<spdlog::logger> former_;
    std::ostringstream text_;
};

}  // namespace crmsync::test
