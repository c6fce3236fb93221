#include "alerts/message.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "domain/failure_advice.h"

namespace crmsync::alerts {

namespace json = boost::json;

namespace {

/// Without what could steer a terminal or begin a header: reasons are other programs' words.
std::string one_line(std::string_view text)
{
    std::string line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return line;
}

std::string name_of(const Alert& alert) { return alert.crm ? std::string(display_name(*alert.crm)) : "crmsync"; }
std::string word_of(const Alert& alert) { return alert.crm ? std::string(to_string(*alert.crm)) : "CRM"; }

/// "2026-11-21 20:40:00 UTC"
std::string time_text(Instant at)
{
    std::string text = to_rfc3339(std::chrono::floor<std::chrono::seconds>(at));
    text.replace(text.find('T'), 1, " ");
    return text.substr(0, std::string_view("2026-11-21 20:40:00").size()) + " UTC";
}

/// What it means for the contacts that wait.
std::string_view meaning_of(Condition condition)
{
    switch (condition) {
        case Condition::throttled:
            return "It has asked to wait, or a limit of it is used up, for longer than usual. Contacts wait; none is "
                   "lost.";
        case Condition::degraded:
            return "It works, but its set-up has problems, or too many of its answers are errors.";
        case Condition::stale:
            return "Contacts are due and nothing was acknowledged for twice the interval.";
        case Condition::circuit_open:
            return "It failed several times in a row. Contacts wait and keep their attempts; it is tried again all the "
                   "time and work goes on by itself.";
        case Condition::unauthorized:
            return "It refuses the credentials. Contacts wait and keep their attempts until a person acts.";
        case Condition::braked:
            return "It refused so many contacts that crmsync paused it, for the cause is likely one for all of them. "
                   "Those refused are Error; the others wait untouched until a person acts.";
        case Condition::healthy:
        case Condition::paused:
        case Condition::disabled:
        case Condition::not_configured:
            return "";
    }
    __builtin_unreachable();
}

std::string remedy_for(Condition condition, std::string_view crm)
{
    switch (condition) {
        case Condition::throttled:
            return "Nothing, if so much was sent. Otherwise look who else uses up the account's limits.";
        case Condition::degraded:
            return fmt::format("Look what is wrong: crmsync doctor, crmsync failed --crm {}", crm);
        case Condition::stale:
            return "Look whether workers run (crmsync status) and what they log.";
        case Condition::circuit_open:
            return fmt::format(
                "Look at the CRM's own status. When it is well again and crmsync has not noticed: "
                "crmsync resume {}",
                crm);
        case Condition::unauthorized:
            return fmt::format(
                "Mend the credentials or their rights, restart crmsync, then: crmsync test {0}, crmsync "
                "resume {0}",
                crm);
        case Condition::braked:
            return fmt::format(
                "Look why they were refused: crmsync failed --crm {0}. Mend that, then: crmsync resume {0}, crmsync "
                "retry {0} --all",
                crm);
        case Condition::healthy:
        case Condition::paused:
        case Condition::disabled:
        case Condition::not_configured:
            return "";
    }
    __builtin_unreachable();
}

std::string contacts(std::int64_t count) { return fmt::format("{} {}", count, count == 1 ? "contact" : "contacts"); }

std::string footer(const Alert& alert, std::string_view host)
{
    return fmt::format("\n-- \ncrmsync on {}, alert {}\n", one_line(host), alert.id);
}

Message trouble(const Alert& alert)
{
    Message message;
    message.subject = fmt::format("[{}] {}: {}", to_string(alert.level), name_of(alert), to_string(alert.condition));
    message.body = fmt::format("{} is {} since {}.\n{}\n\n", name_of(alert), to_string(alert.condition),
                               time_text(alert.since), meaning_of(alert.condition));
    if (!alert.why.empty()) message.body += fmt::format("Why: {}\n", one_line(alert.why));
    message.body += fmt::format("Waiting: {}\nWhat to do: {}\nLook further: crmsync status\n", contacts(alert.waiting),
                                remedy_for(alert.condition, word_of(alert)));
    return message;
}

Message recovery(const Alert& alert)
{
    const Duration lasted = alert.at - alert.since;
    return {
        .subject = fmt::format("[recovered] {}: works again after {}", name_of(alert), spoken(lasted)),
        .body = fmt::format("{} works again since {}.\nIt was in trouble for {}, since {}; last told: {}.\n\nWaiting: "
                            "{}, which go out now.\n",
                            name_of(alert), time_text(alert.at), spoken(lasted), time_text(alert.since),
                            to_string(alert.condition), contacts(alert.waiting))};
}

Message failures(const Alert& alert)
{
    Message message;
    message.subject =
        fmt::format("[{}] {}: {} failed", to_string(alert.level), name_of(alert), contacts(alert.failures));
    message.body = fmt::format("{} failed at {} since {}; {} failed there in all.\n", contacts(alert.failures),
                               name_of(alert), time_text(alert.since), alert.failed_now);
    for (const AlertCause& cause : alert.causes) {
        const FailureAdvice advice = advice_on(alert.crm.value_or(Crm::brevo), cause.code);
        message.body += fmt::format("\n{}: {}\n  What to do: {}\n  For example: crmsync contacts show {}\n",
                                    one_line(advice.title), cause.count, advice.remedy, to_string(cause.example));
    }
    message.body += fmt::format("\nAll of them: crmsync failed --crm {0}\nAfter mending: crmsync retry {0} --all\n",
                                word_of(alert));
    return message;
}

Message test(const Alert& alert)
{
    return {.subject = fmt::format("[test] {}: an alert would come this way", name_of(alert)),
            .body = "Somebody asked crmsync to test its alerts. Nothing is wrong.\n"};
}

json::object cause_object(const Alert& alert, const AlertCause& cause)
{
    const FailureAdvice advice = advice_on(alert.crm.value_or(Crm::brevo), cause.code);
    return {{"cause", cause.code},
            {"title", advice.title},
            {"kind", to_string(advice.kind)},
            {"count", cause.count},
            {"example_contact", to_string(cause.example)},
            {"suggestion", advice.remedy}};
}

}  // namespace

std::string spoken(Duration time)
{
    const auto seconds = std::chrono::round<std::chrono::seconds>(time).count();
    if (seconds < 120) return fmt::format("{} s", seconds);
    const auto minutes = seconds / 60;
    if (minutes < 60) return fmt::format("{} min", minutes);
    if (minutes < 48 * 60)
        return minutes % 60 == 0 ? fmt::format("{} h", minutes / 60)
                                 : fmt::format("{} h {} min", minutes / 60, minutes % 60);
    return fmt::format("{} days", minutes / (24 * 60));
}

Message message_of(const Alert& alert, std::string_view host)
{
    const auto worded = [&] {
        switch (alert.kind) {
            case AlertKind::trouble:
                return trouble(alert);
            case AlertKind::recovery:
                return recovery(alert);
            case AlertKind::failures:
                return failures(alert);
            case AlertKind::test:
                return test(alert);
        }
        __builtin_unreachable();
    };
    Message message = worded();
    message.body += footer(alert, host);
    return message;
}

std::string json_of(const Alert& alert, std::string_view host)
{
    const Message message = message_of(alert, host);
    json::object body{{"id", alert.id},
                      {"kind", to_string(alert.kind)},
                      {"level", to_string(alert.level)},
                      {"crm", alert.crm ? json::value(to_string(*alert.crm)) : json::value(nullptr)},
                      {"at", to_rfc3339(alert.at)},
                      {"summary", message.subject},
                      {"text", message.body},
                      {"host", host}};
    if (alert.kind == AlertKind::trouble || alert.kind == AlertKind::recovery) {
        body["state"] = alert.kind == AlertKind::recovery ? "recovered" : to_string(alert.condition);
        body["reason"] = alert.why;
        body["since"] = to_rfc3339(alert.since);
        body["waiting"] = alert.waiting;
    }
    if (alert.kind == AlertKind::recovery) {
        body["ended"] = to_string(alert.condition);
        body["lasted_seconds"] = std::chrono::floor<std::chrono::seconds>(alert.at - alert.since).count();
    }
    if (alert.kind == AlertKind::failures) {
        json::array causes;
        for (const AlertCause& cause : alert.causes) causes.push_back(cause_object(alert, cause));
        body["since"] = to_rfc3339(alert.since);
        body["failures"] = alert.failures;
        body["failed_now"] = alert.failed_now;
        body["causes"] = std::move(causes);
    }
    return json::serialize(body);
}

}  // namespace crmsync::alerts
