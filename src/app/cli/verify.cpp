#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <csignal>
#include <memory>

#include "app/cli/command.h"
#include "app/cli/commands.h"
#include "app/cli/filter_options.h"
#include "app/cli/json.h"
#include "app/connectors.h"
#include "engine/verifier.h"

namespace crmsync::app {

namespace {

constexpr std::size_t examples_max = 10;

struct VerifyCommand {
    std::string crms;
    std::string sample;
    bool all = false;
    bool repair = false;
};

void define_verify(CLI::App& app, VerifyCommand& options)
{
    app.add_option("--crm", options.crms,
                   "brevo, hubspot, mautic; several with commas. Absent: all that are configured");
    auto* sample = app.add_option("--sample", options.sample, "A random part of the contacts, as 5%");
    app.add_flag("--all", options.all, "Every completed contact (the default)")->excludes(sample);
    app.add_flag("--repair", options.repair, "Queue drifted and missing contacts again");
}

/// "5%", "0.5 %" or "5" as a share of 1.
Result<double> share_of(std::string_view text)
{
    if (text.empty()) return 1.0;
    while (text.ends_with('%') || text.ends_with(' ')) text.remove_suffix(1);
    double percent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    const bool read = error == std::errc() && end == text.data() + text.size();
    if (!read || !(percent > 0 && percent <= 100))
        return fail(ErrorCode::invalid, "--sample takes a percentage above 0 and up to 100, as 5%");
    return percent / 100;
}

std::string described(const VerificationRun& run)
{
    std::string text =
        fmt::format("{} of {} contacts checked: {} verified, {} drifted, {} missing", grouped(run.checked),
                    grouped(run.expected), grouped(run.verified), grouped(run.drifted), grouped(run.missing));
    if (run.changed > 0) text += fmt::format(", {} edited here since", grouped(run.changed));
    if (run.opted_out > 0) text += fmt::format("; {} opted out there", grouped(run.opted_out));
    if (run.repaired > 0) text += fmt::format("; {} queued again", grouped(run.repaired));
    return text;
}

/// The verification of one CRM, from its connector to its summary. SIGINT and SIGTERM end it with what was found.
class OneVerification {
public:
    OneVerification(Session& session, Store& store, Executor executor, Crm crm)
        : session_(session),
          store_(store),
          executor_(std::move(executor)),
          crm_(crm),
          signals_(executor_, SIGINT, SIGTERM)
    {
    }

    Task<Result<VerificationRun>> run(VerifyOptions options)
    {
        std::unique_ptr<TokenVault> vault;
        if (needs_vault(session_.config, crm_)) {
            auto made = make_vault(session_.config, store_, session_.clock);
            if (!made) co_return std::unexpected(made.error());
            vault = std::move(*made);
        }
        std::vector<std::string> warnings;
        const auto connector = make_connector(session_.config, crm_, executor_, session_.clock, vault.get(), warnings);
        for (const std::string& warning : warnings) session_.console.note("warning: " + warning);
        if (!connector) co_return std::unexpected(connector.error());
        Verifier verifier(**connector, store_, session_.clock, executor_, Uuid{});
        // A signal may be on its way to the handler when the run has ended.
        const auto running = std::make_shared<Verifier*>(&verifier);
        signals_.async_wait([running](const boost::system::error_code& error, int) {
            if (!error && *running) (*running)->cancel();
        });
        auto run = co_await verifier.run(std::move(options), [this](const VerificationRun& so_far) { show(so_far); });
        *running = nullptr;
        signals_.cancel();
        (*connector)->close();
        if (run) co_await print(*run);
        co_return run;
    }

private:
    void show(const VerificationRun& run)
    {
        if (session_.console.json()) return;
        if (!progress_) progress_.emplace(fmt::format("verify {}", to_string(crm_)));
        progress_->show(static_cast<std::uint64_t>(run.checked), static_cast<std::uint64_t>(run.expected),
                        session_.clock.monotonic().time_since_epoch() / 1ms);
    }

    Task<> print(const VerificationRun& run)
    {
        progress_.reset();
        const auto summary = co_await store_.verification_summary(crm_, examples_max);
        if (session_.console.json()) {
            boost::json::object result = boost::json::parse(crmsync::to_json(run)).as_object();
            result["crm"] = to_string(crm_);
            session_.console.value(result);
            co_return;
        }
        session_.console.line(fmt::format("{}: {}", to_string(crm_), described(run)));
        if (!run.problem.empty()) session_.console.note(fmt::format("ended early: {}", printable(run.problem)));
        if (!summary) co_return;
        Table table{{"RESULT", "E-MAIL", "FIELDS"}, {}};
        for (const auto& example : summary->examples)
            if (example.verification.at >= run.started_at)
                table.rows.push_back({std::string(to_string(example.verification.found.result)),
                                      printable(example.email),
                                      fmt::format("{}", fmt::join(example.verification.found.fields, ", "))});
        if (!table.rows.empty()) session_.console.table(table);
    }

    Session& session_;
    Store& store_;
    Executor executor_;
    Crm crm_;
    asio::signal_set signals_;
    std::optional<Progress> progress_;
};

/// Those named, or all that are configured and can be asked.
Result<std::vector<Crm>> crms_to_verify(Session& session, const std::string& names)
{
    if (!names.empty()) return crms_of(names);
    std::vector<Crm> crms;
    for (const Crm crm : all_crms) {
        if (!session.config.crm[crm].configured) continue;
        if (crm == Crm::n8n)
            session.console.note("n8n cannot be asked what it holds");
        else
            crms.push_back(crm);
    }
    if (crms.empty()) return fail(ErrorCode::invalid, "no CRM is configured that could be asked");
    return crms;
}

int worse(int code, const VerificationRun& run)
{
    if (!run.problem.empty()) return exit_error;
    return run.drifted + run.missing > run.repaired ? std::max<int>(code, exit_rejects) : code;
}

int verify(Session& session, const VerifyCommand& command)
{
    const Result<double> share = share_of(command.sample);
    if (!share) return wrong_usage(session, share.error().message);
    const Result<std::vector<Crm>> crms = crms_to_verify(session, command.crms);
    if (!crms) return wrong_usage(session, crms.error().message);
    return with_store(session, [&](Store& store, Executor executor) -> Task<Result<int>> {
        int code = exit_fine;
        for (const Crm crm : *crms) {
            OneVerification one(session, store, executor, crm);
            const auto run = co_await one.run({.share = *share, .repair = command.repair, .actor = actor()});
            if (run && run->problem == "cancelled") co_return exit_error;
            if (run && code != exit_error) code = worse(code, *run);
            if (!run)
                code = report(session, {run.error().code, fmt::format("{}: {}", to_string(crm), run.error().message)});
        }
        co_return code;
    });
}

}  // namespace

void add_verify_command(Menu& menu)
{
    add_command<VerifyCommand>(menu.app, menu, "verify", "Compare what the CRMs hold with what would be sent now",
                               "  crmsync verify --crm brevo --sample 5%\n"
                               "  crmsync verify --all --repair",
                               define_verify, verify);
}

}  // namespace crmsync::app
