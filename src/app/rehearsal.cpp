#include "app/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/embedded.h"

namespace crmsync::app {

namespace {

constexpr std::size_t recent_max = 8;
constexpr Duration redraw_every = 200ms;
constexpr Duration report_every = 2s;  // Where nobody watches.
constexpr std::string_view who = "rehearsal";

std::string_view sample()
{
    for (const auto& file : embedded::app::files)
        if (file.path == "sample/contacts.csv") return file.text;
    std::terminate();  // The build lost it.
}

std::string number(std::uint64_t value) { return grouped(static_cast<std::int64_t>(value)); }

}  // namespace

std::string rehearsal_database(const Config& config)
{
    return "sqlite:" + (config.state_dir / "rehearsal.db").string();
}

Config rehearsal_config(Config config, const simulator::Simulator& simulator)
{
    config.database_url = rehearsal_database(config);
    config.database_direct_url.clear();
    config.alerts = {};  // What is simulated is no news.
    for (const Crm crm : all_crms) {
        config.crm[crm].configured = false;
        config.crm[crm].missing = "not part of the rehearsal";
    }
    CrmConfig& brevo = config.crm[Crm::brevo];
    brevo.configured = true;
    brevo.settings["API_KEY"] = "rehearsal";
    brevo.settings["API_BASE_URL"] = simulator.base_url("brevo");
    brevo.settings["LIST_ID"] = "1";
    return config;
}

simulator::SimulatorOptions rehearsal_simulator()
{
    simulator::FaultRule rejects;
    rejects.email = "rejected@";
    rejects.kind = simulator::FaultKind::reject;
    rejects.status = 400;
    simulator::FaultRule slow;
    slow.latency = 40ms;
    return {.faults = {rejects, slow}};
}

Rehearsal::Rehearsal(Console& console, Clock& clock, const Executor& executor, Service& service, std::string program)
    : console_(console), clock_(clock), service_(service), program_(std::move(program)), alarm_(clock, executor)
{
}

void Rehearsal::stop()
{
    stopping_ = true;
    alarm_.ring();
}

Task<Status> Rehearsal::play(std::string token)
{
    console_.line(
        console_.paint(Colour::bold, "REHEARSAL: sample contacts and a simulated Brevo. No real CRM is called."));
    const EventBus::Subscription subscription = service_.engine().events().subscribe([this](const Event& event) {
        if (const auto* changed = std::get_if<JobChanged>(&event)) {
            std::erase(recent_, changed->key.contact_id);
            recent_.push_back(changed->key.contact_id);
            if (recent_.size() > recent_max) recent_.erase(recent_.begin());
        }
    });
    const Result<ingest::ImportReport> taken = co_await take_in();
    if (!taken) co_return std::unexpected(taken.error());
    if (const Status picked = co_await pick(); !picked) co_return picked;
    if (const Status watched = co_await watch(); !watched || stopping_) co_return watched;
    co_return co_await sum_up(*taken, token);
}

Task<Result<ingest::ImportReport>> Rehearsal::take_in()
{
    auto importer = co_await ingest::Importer::create(service_.store(), clock_, {.actor = std::string(who)}, {});
    if (!importer) co_return std::unexpected(importer.error());
    const Status fed = co_await (*importer)->feed(sample());
    Result<ingest::ImportReport> report = co_await (*importer)->finish();
    if (!fed) co_return std::unexpected(fed.error());
    if (!report) co_return report;
    // Only the first rehearsal on this machine creates; later ones find what it left.
    const std::string done = report->created > 0 ? fmt::format("{} created", number(report->created))
                                                 : fmt::format("{} of them here since an earlier rehearsal",
                                                               number(report->updated + report->unchanged));
    console_.line(fmt::format("Imported {} rows: {}, {} merged with an earlier row, {} refused", number(report->read),
                              done, number(report->merged), number(report->refused)));
    co_return report;
}

Task<Status> Rehearsal::pick()
{
    const ActionRequest request{.action = crmsync::Action::select,
                                .crms = {Crm::brevo},
                                .target = ContactFilter(),
                                .lane = Lane::bulk,
                                .actor = std::string(who),
                                .now = clock_.now()};
    const Result<ActionCounts> counts = co_await service_.store().act(request);
    if (!counts) co_return std::unexpected(counts.error());
    console_.line(fmt::format("Selected {} contacts for Brevo, at its published limit of 10 calls per second\n",
                              number(counts->queued)));
    co_return Status();
}

Task<Result<Rehearsal::Progress>> Rehearsal::progress()
{
    const Result<Store::Summary> summary = co_await service_.store().summary();
    if (!summary) co_return std::unexpected(summary.error());
    Progress result;
    for (const auto& [status, count] : summary->by_status[Crm::brevo]) {
        if (status == SyncStatus::complete) result.complete += count;
        if (status == SyncStatus::error) result.error += count;
        const bool open =
            status == SyncStatus::selected || status == SyncStatus::queued || status == SyncStatus::processing;
        if (open) result.open += count;
    }
    co_return result;
}

Task<Status> Rehearsal::watch()
{
    for (;;) {
        const Result<Progress> now = co_await progress();
        if (!now) co_return std::unexpected(now.error());
        if (const Status drawn = co_await draw(*now); !drawn) co_return drawn;
        const Result<PerCrm<CrmQueue>> queues = co_await service_.store().queues(clock_.now());
        if (!queues) co_return std::unexpected(queues.error());
        const CrmQueue& queue = (*queues)[Crm::brevo];
        if (stopping_ || (queue.due == 0 && queue.running == 0)) co_return Status();
        co_await alarm_.wait(console_.terminal() ? redraw_every : report_every);
    }
}

Task<Status> Rehearsal::draw(const Progress& now)
{
    const auto done = static_cast<std::uint64_t>(now.complete + now.error);
    const auto total = static_cast<std::uint64_t>(now.total());
    if (!console_.terminal()) {
        console_.line(
            fmt::format("rehearsal: {} of {} done, {} complete, {} errors", done, total, now.complete, now.error));
        co_return Status();
    }
    const Result<std::vector<Contact>> contacts = co_await service_.store().contacts_by_id(recent_);
    if (!contacts) co_return std::unexpected(contacts.error());
    Table table{{"CONTACT", "BREVO", "ERROR"}, {}};
    for (const Uuid& id : recent_) {
        const auto found = std::ranges::find(*contacts, id, &Contact::id);
        if (found == contacts->end()) continue;
        const CrmColumns& columns = found->crm[Crm::brevo];
        table.rows.push_back(
            {found->fields.email, std::string(to_string(columns.sync_status)), columns.processing_error.value_or("")});
    }
    std::string frame = fmt::format("REHEARSAL  Brevo {}  {} of {}  ({} errors)\n\n", render_bar(done, total, 30), done,
                                    total, now.error);
    frame += render(table, {.terminal = true, .width = console_.width()});
    const auto lines = static_cast<std::size_t>(std::ranges::count(frame, '\n'));
    if (drawn_lines_ > 0) frame.insert(0, fmt::format("\x1b[{}A\x1b[J", drawn_lines_));
    drawn_lines_ = lines;
    frame.pop_back();
    console_.line(frame);
    co_return Status();
}

Task<Status> Rehearsal::sum_up(const ingest::ImportReport& taken, const std::string& token)
{
    const Result<Progress> end = co_await progress();
    if (!end) co_return std::unexpected(end.error());
    const Result<std::vector<FailureCause>> causes = co_await service_.store().failure_causes(Crm::brevo, false);
    if (!causes) co_return std::unexpected(causes.error());

    console_.line();
    console_.line(console_.paint(Colour::bold, "REHEARSAL: summary"));
    console_.line(fmt::format("  {} of {} rows refused at import", number(taken.refused), number(taken.read)));
    for (const auto& [why, count] : taken.refused_by_reason)
        if (count > 0) console_.line(fmt::format("    {}: {}", to_string(why), count));
    console_.line(fmt::format("  {} contacts complete at the simulated Brevo", grouped(end->complete)));
    console_.line(fmt::format("  {} refused by it", grouped(end->error)));
    for (const FailureCause& cause : *causes)
        console_.line(fmt::format("    {}: {}", cause.count, printable(cause.example)));
    if (end->open > 0) console_.line(fmt::format("  {} wait for a retry", grouped(end->open)));
    next_steps(token);
    co_return Status();
}

void Rehearsal::next_steps(const std::string& token)
{
    const std::string api = service_.api_url() + "/api/v3";
    console_.line();
    console_.line("It keeps serving; Ctrl-C stops it. Look at it in a browser; the link signs you in for 12 hours:");
    console_.line();
    console_.line(fmt::format("  {}/#token={}", service_.api_url(), token));
    console_.line();
    console_.line("The same token for the API:");
    console_.line();
    console_.line(fmt::format("  export TOKEN={}", token));
    console_.line();
    console_.line("Try next, in another terminal:");
    console_.line();
    console_.line(fmt::format("  curl -H \"Authorization: Bearer $TOKEN\" {}/brevo/status/summary", api + "/contacts"));
    console_.line(
        fmt::format("  curl -H \"Authorization: Bearer $TOKEN\" '{}/contacts?limit=3&brevo_sync_status=Error'", api));
    console_.line(fmt::format("  {} status --rehearsal", program_));
    console_.line(fmt::format("  {} failed --rehearsal", program_));
    console_.line(fmt::format("  {} contacts show ann.lee@example.com --rehearsal", program_));
    console_.line();
    console_.line(fmt::format("For real: BREVO_API_KEY=xkeysib-... {} serve", program_));
}

}  // namespace crmsync::app
