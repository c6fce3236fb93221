#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <string>

namespace crmsync::log {

namespace {

/// Of the event that this thread is writing, or null: sinks format in the call that logs.
const Fields*& current_fields()
{
    thread_local const Fields* fields = nullptr;
    return fields;
}

template <class Text>
void append_escaped(spdlog::memory_buf_t& out, const Text& text)
{
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (static_cast<unsigned char>(c) < 0x20) {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out.push_back(c);
        }
    }
}

/// %v with what JSON needs escaped.
class JsonMessage final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override
    {
        append_escaped(out, message.payload);
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonMessage>(); }
};

template <class Append>
void each_field(const Append& append)
{
    if (!current_fields()) return;
    for (const auto& [name, value] : *current_fields())
        if (!value.empty()) append(name, value);
}

/// The fields as further members of the object.
class JsonFields final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override
    {
        each_field([&](std::string_view name, std::string_view value) {
            fmt::format_to(std::back_inserter(out), R"(,"{}":")", name);
            append_escaped(out, value);
            out.push_back('"');
        });
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonFields>(); }
};

/// The fields for people.
class PlainFields final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override
    {
        each_field([&](std::string_view name, std::string_view value) {
            fmt::format_to(std::back_inserter(out), " {}={}", name, value);
        });
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<PlainFields>(); }
};

}  // namespace

void start(std::string_view level, Format format)
{
    spdlog::drop("crmsync");
    auto logger = format == Format::json ? spdlog::stderr_logger_mt("crmsync") : spdlog::stderr_color_mt("crmsync");
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    if (format == Format::json) {
        formatter->add_flag<JsonMessage>('*').add_flag<JsonFields>('&').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%*"%&})");
    } else {
        formatter->add_flag<PlainFields>('&').set_pattern("%H:%M:%S.%e %^%-5l%$ %v%&");
    }
    logger->set_formatter(std::move(formatter));
    logger->set_level(spdlog::level::from_str(std::string(level)));
    spdlog::set_default_logger(std::move(logger));
}

void write(spdlog::level::level_enum level, std::string_view message, Fields fields)
{
    current_fields() = &fields;
    spdlog::log(level, "{}", message);
    current_fields() = nullptr;
}

bool is_written(spdlog::level::level_enum level) { return spdlog::should_log(level); }

}  // namespace crmsync::log
