#include "engine/edit_review.h"

#include <utility>

#include "domain/fingerprint.h"

namespace crmsync {

namespace {

constexpr std::size_t batch_max = 500;

SettledEdits::Judgement judge(const EditedJob& job, const FieldMapping& mapping, bool resync, Instant now)
{
    const auto mapped = map_contact(job.contact, job.key, job.generation, mapping, job.options.without_fields, now);
    const auto* sendable = std::get_if<MappedContact>(&mapped);
    const bool in_step = sendable && job.fingerprint && same_payload(*job.fingerprint, sendable->fingerprint);
    SettledEdits::Judgement judgement{
        .contact_id = job.key.contact_id, .generation = job.generation, .changed = !in_step, .resync = std::nullopt};
    // By the time it is claimed it may have been changed back.
    if (resync && sendable && !in_step)
        judgement.resync =
            JobOptions{.without_fields = job.options.without_fields, .only_changed = true, .by_change = true};
    return judgement;
}

}  // namespace

Task<Result<Reviewed>> review_edits(Store& store, Crm crm, const FieldMapping& mapping, bool resync, Clock& clock)
{
    auto edits = co_await store.edits(crm, batch_max);
    if (!edits) co_return std::unexpected(edits.error());
    Reviewed reviewed{.settled = edits->notes.size(), .waiting = edits->waiting};
    if (edits->notes.empty()) co_return reviewed;
    const auto now = clock.now();
    SettledEdits settled{.crm = crm, .judged = {}, .notes = std::move(edits->notes), .now = now};
    for (const EditedJob& job : edits->jobs) settled.judged.push_back(judge(job, mapping, resync, now));
    const auto queued = co_await store.settle_edits(std::move(settled));
    if (!queued) co_return std::unexpected(queued.error());
    reviewed.queued = *queued;
    co_return reviewed;
}

}  // namespace crmsync
