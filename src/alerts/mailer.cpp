#include "alerts/mailer.h"

#include <curl/curl.h>
#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "alerts/message.h"

namespace crmsync::alerts {

namespace {

/// libcurl as a whole, for as long as anybody sends mail.
class Library {
public:
    Library() { curl_global_init(CURL_GLOBAL_DEFAULT); }
    ~Library() { curl_global_cleanup(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
};

struct Mail {
    std::vector<std::string> recipients;  ///< Addresses.
    std::string text;                     ///< Headers and body, as it goes over the wire.
};

template <class T, void (*End)(T*)>
struct Ender {
    void operator()(T* thing) const { End(thing); }
};
using Easy = std::unique_ptr<CURL, Ender<CURL, curl_easy_cleanup>>;
using List = std::unique_ptr<curl_slist, Ender<curl_slist, curl_slist_free_all>>;

void append(List& list, const std::string& text)
{
    if (list)
        curl_slist_append(list.get(), text.c_str());  // Gives the same head again.
    else
        list.reset(curl_slist_append(nullptr, text.c_str()));
}

/// The end of what the server said last.
std::size_t note_answer(char* text, std::size_t size, std::size_t count, void* kept)
{
    std::string_view line(text, size * count);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    static_cast<std::string*>(kept)->assign(line);
    return size * count;
}

std::size_t read_text(char* buffer, std::size_t size, std::size_t count, void* left)
{
    auto& text = *static_cast<std::string_view*>(left);
    const std::size_t taken = text.copy(buffer, size * count);
    text.remove_prefix(taken);
    return taken;
}

int stop_when_closing(void* closing, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return static_cast<const std::atomic<bool>*>(closing)->load() ? 1 : 0;
}

ErrorCode code_of(CURLcode code)
{
    if (code == CURLE_ABORTED_BY_CALLBACK) return ErrorCode::cancelled;
    if (code == CURLE_OPERATION_TIMEDOUT) return ErrorCode::timeout;
    if (code == CURLE_LOGIN_DENIED) return ErrorCode::denied;
    return ErrorCode::unavailable;
}

std::string printable(std::string_view text)
{
    std::string line(text);
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return line;
}

std::string url_of(const MailServer& server)
{
    const std::string host = server.host.contains(':') ? "[" + server.host + "]" : server.host;
    return fmt::format("{}://{}{}{}", server.tls ? "smtps" : "smtp", host, server.port.empty() ? "" : ":", server.port);
}

void connect_options(CURL* curl, const MailOptions& options)
{
    const bool must_turn_to_tls = options.tls == MailOptions::Tls::required ||
                                  (options.tls == MailOptions::Tls::automatic && !options.server.is_this_machine());
    const auto milliseconds = [](Duration time) { return static_cast<long>(time / 1ms); };
    curl_easy_setopt(curl, CURLOPT_URL, url_of(options.server).c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds(options.timeout));
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>(options.timeout / 1s));
    curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(must_turn_to_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    // The directory of the system's authorities stays trusted.
    if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
    if (!options.username.empty()) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, options.username.c_str());
        curl_easy_setopt(curl, CURLOPT_PASSWORD, options.password.c_str());
    }
}

/// One mail, from connecting to the server's answer. Blocks.
Result<std::string> transfer(const MailOptions& options, const Mail& mail, const std::atomic<bool>& closing)
{
    const Easy curl(curl_easy_init());
    if (!curl) return fail(ErrorCode::internal, "libcurl cannot be used");
    connect_options(curl.get(), options);
    List recipients;
    for (const std::string& recipient : mail.recipients) append(recipients, "<" + recipient + ">");
    std::string_view left = mail.text;
    std::string answer;
    std::array<char, CURL_ERROR_SIZE> why{};
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, ("<" + options.from.address + ">").c_str());
    curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, read_text);
    curl_easy_setopt(curl.get(), CURLOPT_READDATA, &left);
    curl_easy_setopt(curl.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail.text.size()));
    curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, note_answer);
    curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &answer);
    curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, stop_when_closing);
    curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &closing);
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, why.data());
    const CURLcode code = curl_easy_perform(curl.get());
    if (code == CURLE_OK) return printable(answer);
    std::string reason = why[0] != 0 ? why.data() : curl_easy_strerror(code);
    if (answer.starts_with('4') || answer.starts_with('5')) reason += ": " + answer;
    return fail(code_of(code), printable(reason));
}

/// The thread on which mails are sent, one after the other.
class Sender {
public:
    explicit Sender(const MailOptions& options) : options_(options), thread_([this] { run(); }) {}
    ~Sender()
    {
        close();
        thread_.join();
    }
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    /// From now on all mails end with `cancelled`, also the one on its way.
    void close()
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
        changed_.notify_one();
    }

    Task<Result<std::string>> send(Mail mail)
    {
        co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Result<std::string>)>(
            [this](auto handler, Mail handed) {
                using Handler = decltype(handler);
                struct Waiting {
                    asio::executor_work_guard<asio::associated_executor_t<Handler>> guard;
                    Handler handler;
                };
                auto waiting = std::make_shared<Waiting>(
                    Waiting{asio::make_work_guard(asio::get_associated_executor(handler)), std::move(handler)});
                push({std::move(handed), [waiting](Result<std::string> result) mutable {
                          asio::post(waiting->guard.get_executor(), [waiting, result = std::move(result)]() mutable {
                              waiting->guard.reset();
                              std::move(waiting->handler)(std::move(result));
                          });
                          waiting.reset();
                      }});
            },
            asio::use_awaitable, std::move(mail));
    }

private:
    struct Job {
        Mail mail;
        std::function<void(Result<std::string>)> done;
    };

    void push(Job job)
    {
        const std::lock_guard lock(mutex_);
        if (closing_) return job.done(fail(ErrorCode::cancelled, "stopped"));
        queue_.push_back(std::move(job));
        changed_.notify_one();
    }

    void run()
    {
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return closing_.load() || !queue_.empty(); });
            if (queue_.empty()) return;
            Job job = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            job.done(closing_ ? fail(ErrorCode::cancelled, "stopped") : transfer(options_, job.mail, closing_));
        }
    }

    const MailOptions& options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> queue_;  // Guarded by mutex_.
    std::atomic<bool> closing_ = false;
    std::thread thread_;
};

std::string date_text(Instant at)
{
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", std::chrono::floor<std::chrono::seconds>(at));
}

class Mailer final : public Way {
public:
    Mailer(Clock& clock, MailOptions options) : clock_(clock), options_(std::move(options)), sender_(options_) {}

    std::string_view name() const override { return "mail"; }
    std::string destination(std::optional<Crm> crm) const override
    {
        std::string all;
        for (const Mailbox& each : recipients_of(crm)) all += (all.empty() ? "" : ", ") + each.address;
        return fmt::format("{} by {}", all, url_of(options_.server));
    }
    bool serves(std::optional<Crm> crm) const override { return !recipients_of(crm).empty(); }

    Task<Result<std::string>> send(const Alert& alert) override
    {
        Result<std::string> accepted = co_await sender_.send(mail_of(alert));
        if (!accepted) co_return accepted;
        co_return fmt::format("{} from {} for {}", accepted->empty() ? "250" : *accepted, url_of(options_.server),
                              destination_names(alert.crm));
    }
    void close() override { sender_.close(); }

private:
    /// Of all CRMs together when it is about none.
    std::vector<Mailbox> recipients_of(std::optional<Crm> crm) const
    {
        if (crm) return options_.recipients[*crm];
        std::vector<Mailbox> all;
        for (const Crm each : all_crms)
            for (const Mailbox& recipient : options_.recipients[each])
                if (std::ranges::find(all, recipient.address, &Mailbox::address) == all.end()) all.push_back(recipient);
        return all;
    }

    std::string destination_names(std::optional<Crm> crm) const
    {
        std::string all;
        for (const Mailbox& each : recipients_of(crm)) all += (all.empty() ? "" : ", ") + each.address;
        return all;
    }

    Mail mail_of(const Alert& alert) const
    {
        const Message message = message_of(alert, options_.host);
        Mail mail{.recipients = {}, .text = {}};
        std::string to;
        for (const Mailbox& recipient : recipients_of(alert.crm)) {
            mail.recipients.push_back(recipient.address);
            to += (to.empty() ? "" : ",\r\n ") + header_of(recipient);
        }
        const std::string domain = options_.from.address.substr(options_.from.address.find('@'));
        // Told again it has the same Message-ID, so that readers see one mail.
        mail.text = fmt::format(
            "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}{}>\r\nAuto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n{}",
            date_text(clock_.now()), header_of(options_.from), to, header_text(message.subject), alert.id, domain,
            quoted_printable(message.body));
        return mail;
    }

    Library library_;
    Clock& clock_;
    const MailOptions options_;
    Sender sender_;
};

}  // namespace

Result<std::unique_ptr<Way>> make_mailer(Clock& clock, MailOptions options)
{
    if (options.server.host.empty() || options.from.address.empty())
        return fail(ErrorCode::invalid, "mail needs a server and a sender", "SMTP_URL");
    return std::make_unique<Mailer>(clock, std::move(options));
}

}  // namespace crmsync::alerts
