#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "http/client.h"

namespace crmsync {

/// One call to a CRM as a person may see it: no key, no token, and of contacts neither address nor name.
struct SeenExchange {
    Instant at{};  ///< Of its end.
    http::Method method = http::Method::get;
    std::string target;         ///< As `masked_target` has it.
    std::optional<int> status;  ///< Nothing when no answer came; then see `error`.
    std::string error;
    Duration took{};
    std::string request_id;  ///< Ours, as history has it; "": none was sent.
    std::string request;     ///< Bodies, as `masked_body` has them.
    std::string answer;
};

/// The last calls of one connector's clients, for who looks for a fault. Thread-safe.
class ExchangeLog final : public http::ClientWatcher {
public:
    ExchangeLog(Clock& clock, std::size_t kept) : clock_(clock), kept_(kept) {}

    void on_exchange(const http::Request& request, const Result<http::Response>& answer, Duration took) override;
    /// Newest first.
    std::vector<SeenExchange> last() const;

private:
    Clock& clock_;
    std::size_t kept_;
    mutable Mutex mutex_;
    std::deque<SeenExchange> exchanges_ GUARDED_BY(mutex_);  // Oldest first.
};

/// A JSON body with its names and structure, and "***" in place of every text and long number, but for what CRMs say
/// under names such as "message" and "code": of that only addresses, long numbers, long words and what is in `secrets`
/// go. What is no JSON is told by its size alone. At most some 4 KB.
std::string masked_body(std::string_view body, const std::vector<std::string>& secrets);
/// The texts of a JSON body: what must not come back in the words of an answer.
std::vector<std::string> texts_of(std::string_view body);

}  // namespace crmsync
