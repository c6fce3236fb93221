#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.h"
#include "domain/field_mapping.h"
#include "domain/outcome.h"
#include "http/client.h"

namespace crmsync::fuzz {

/// What each target defines: one input, tried. It must do the same for the same input, whatever came before.
void try_input(std::string_view input);

/// Ends the process when a property does not hold, so that libFuzzer keeps the input.
void require(bool holds, std::string_view property, std::string_view detail = {});

/// Takes the first line off, without its break.
std::string_view take_line(std::string_view& text);
/// Takes off what stands before a line of that text; all of it when there is none.
std::string_view take_part(std::string_view& text, std::string_view line);

/// The text in one to eight pieces, cut where its own bytes say: the same for the same text.
std::vector<std::string_view> in_pieces(std::string_view text);

/// An answer as corpora write it: the status, then header fields a line each, a blank line, the body.
http::Response answer_of(std::string_view text);

/// Secrets that our side knows, for answers to repeat.
inline constexpr std::string_view canary_key = "canary-key-7f3a9c";
inline constexpr std::string_view canary_email = "canary@example.com";
/// Contacts whose addresses are canaries, as mapped for any CRM.
std::vector<MappedContact> contacts(std::size_t count);
/// Whether that field of the contact was sent.
bool was_sent(const MappedContact& contact, std::string_view field);

/// What holds of every outcome, whatever a CRM has said: words on one line, not too many, without our secrets; a short
/// code.
void check_outcome(const Outcome& outcome);
/// The same of words alone.
void check_words(std::string_view words);

/// An event loop that runs until a task is done.
class Loop {
public:
    asio::io_context context{1};
    Executor executor() { return context.get_executor(); }

    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> result;
        run(keep(std::move(task), result));
        return *std::move(result);
    }
    void run(Task<> task);

private:
    template <class T>
    static Task<> keep(Task<T> task, std::optional<T>& result)
    {
        result.emplace(co_await std::move(task));
    }
};

}  // namespace crmsync::fuzz
