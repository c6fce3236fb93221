#include "ingest/ndjson_reader.h"

#include <boost/json.hpp>

namespace crmsync::ingest {

namespace json = boost::json;

struct NdjsonReader::Json {
    json::stream_parser parser;
    unsigned char memory[64u << 10];
};

NdjsonReader::NdjsonReader(Sink sink) : sink_(std::move(sink)), json_(std::make_unique<Json>()) {}
NdjsonReader::~NdjsonReader() = default;
NdjsonReader::NdjsonReader(NdjsonReader&&) noexcept = default;

void NdjsonReader::feed(std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const auto piece = bytes.substr(0, end);
        const bool line_ends = end != std::string_view::npos;
        bytes.remove_prefix(line_ends ? end + 1 : bytes.size());
        too_long_ = too_long_ || pending_.size() + piece.size() > row_bytes_max;
        if (line_ends && pending_.empty() && !too_long_) {
            end_line(piece);
            continue;
        }
        pending_.append(piece.substr(0, row_bytes_max - pending_.size()));
        if (!line_ends) continue;
        end_line(pending_);
        pending_.clear();
        too_long_ = false;
    }
}

void NdjsonReader::finish()
{
    if (!pending_.empty()) end_line(pending_);
    pending_.clear();
}

void NdjsonReader::end_line(std::string_view line)
{
    ++line_;
    if (line_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) {
        ++blank_lines_;
        return;
    }
    JsonRecord record{.place = {.line = line_, .last_line = line_, .text = line}, .object = nullptr, .problem = {}};
    if (too_long_) {
        record.problem = "the line is longer than 4 MiB";
        return sink_(record);
    }
    json::monotonic_resource memory(json_->memory, sizeof json_->memory);
    json_->parser.reset(&memory);
    boost::system::error_code failure;
    json_->parser.write(line, failure);
    if (!failure) json_->parser.finish(failure);
    json::value value;
    const std::string text = failure ? "not valid JSON: " + failure.message() : std::string();
    if (!failure) value = json_->parser.release();
    if (failure)
        record.problem = text;
    else if (!value.is_object())
        record.problem = "not a JSON object";
    else
        record.object = &value.get_object();
    sink_(record);
}

}  // namespace crmsync::ingest
