#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/conformance/store_fixture.h"

namespace crmsync::conformance {

class StoreContacts : public StoreTest {
protected:
    std::vector<std::string> emails(const ContactFilter& filter, const ContactSort& sort = {})
    {
        std::vector<std::string> found;
        for (const Contact& contact : ok(store().contacts(filter, sort, {})).contacts)
            found.push_back(contact.fields.email);
        return found;
    }
    Contact make(ContactFields fields)
    {
        advance(1ms);
        return ok(store().create_contact(std::move(fields), CurationStatus::new_, now()));
    }
};
CRMSYNC_FOR_EVERY_STORE(StoreContacts);

namespace {

ContactFields with_email(std::string email)
{
    ContactFields fields;
    fields.email = std::move(email);
    return fields;
}

using Emails = std::vector<std::string>;

}  // namespace

TEST_P(StoreContacts, WhatIsCreatedReadsBackWhole)
{
    ContactFields fields = with_email("Zoë@Example.org");
    fields.name = "Zoë \U0001F642 O'Neil; DROP TABLE contacts; --";
    fields.phone_number = "(202) 555-0100";
    fields.email_type = EmailType::free;
    fields.has_gmail = true;
    fields.context = std::string(1'000'000, 'x') + "\n\t\"'\\%_";
    fields.source_url = "https://example.org/";
    fields.domain_id = random_uuid7(now());
    const Contact made = make(fields);
    const Contact read = contact(made.id);
    EXPECT_EQ(read.fields, fields);
    EXPECT_EQ(read.created_at, now());
    EXPECT_EQ(read.updated_at, now());
    EXPECT_EQ(read.curation_status, CurationStatus::new_);
    EXPECT_EQ(read.crm, PerCrm<CrmColumns>{});
    EXPECT_EQ(read.retry_count, 0);
    EXPECT_EQ(read.last_failed_crm, std::nullopt);
}

TEST_P(StoreContacts, TextThatOneDatabaseCouldNotHoldIsRefusedByBoth)
{
    using namespace std::string_literals;
    for (const std::string& bad : {"a\0b"s, "\xff"s, "\xc3"s, "\xed\xa0\x80"s}) {
        EXPECT_EQ(error_of(store().create_contact(with_email(bad), CurationStatus::new_, now())).code,
                  ErrorCode::invalid);
        ContactFields fields = with_email("a@example.org");
        fields.context = bad;
        const Error error = error_of(store().create_contact(fields, CurationStatus::new_, now()));
        EXPECT_EQ(error.code, ErrorCode::invalid);
        EXPECT_EQ(error.field, "context");
    }
    const Uuid id = add_contact("a@example.org");
    ContactChange change;
    change.name = "a\0b"s;
    EXPECT_EQ(error_of(store().update_contact(id, change, now())).field, "name");
}

TEST_P(StoreContacts, WhatIsNotThereIsNotFound)
{
    const Uuid nobody = random_uuid7(now());
    EXPECT_EQ(error_of(store().contact(nobody)).code, ErrorCode::not_found);
    EXPECT_EQ(error_of(store().contact(nobody)).message, "Contact not found");
    EXPECT_EQ(error_of(store().update_contact(nobody, {}, now())).code, ErrorCode::not_found);
    EXPECT_EQ(error_of(store().delete_contact(nobody, "test", now())).code, ErrorCode::not_found);
    EXPECT_TRUE(ok(store().jobs_of(nobody, 10)).jobs.empty());
}

TEST_P(StoreContacts, ByIdInTheOrderAskedWithoutTheUnknown)
{
    const std::vector<Uuid> ids = add_contacts(3);
    const std::vector<Contact> found = ok(store().contacts_by_id({ids[2], random_uuid7(now()), ids[0]}));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].id, ids[2]);
    EXPECT_EQ(found[1].id, ids[0]);
}

TEST_P(StoreContacts, AnUpdateChangesWhatItNamesAndMovesUpdatedAt)
{
    ContactFields fields = with_email("a@example.org");
    fields.name = "Ann";
    fields.has_gmail = true;
    const Contact made = make(fields);
    advance(1min);
    ContactChange change;
    change.name = std::optional<std::string>();
    change.phone_number = "+12025550100";
    change.email_type = EmailType::service;
    const Contact after = ok(store().update_contact(made.id, change, now()));
    fields.name.reset();
    fields.phone_number = "+12025550100";
    fields.email_type = EmailType::service;
    EXPECT_EQ(after.fields, fields);
    EXPECT_EQ(after.updated_at, now());
    EXPECT_EQ(after.created_at, made.created_at);

    advance(1min);
    EXPECT_EQ(ok(store().update_contact(made.id, change, now())).updated_at, after.updated_at);  // Nothing new.
    ContactChange curation;
    curation.curation_status = CurationStatus::queued;
    const Contact queued = ok(store().update_contact(made.id, curation, now()));
    EXPECT_EQ(queued.updated_at, after.updated_at);
    EXPECT_EQ(queued.curation_status, CurationStatus::queued);
    EXPECT_EQ(queued.processing_status, ProcessingStatus::queued);
}

TEST_P(StoreContacts, ADeletedContactTakesItsJobsAndHistoryAlong)
{
    const Uuid id = add_contact("a@example.org");
    bring_to(JobState::completed, id);
    bring_to(JobState::queued, id, Crm::n8n);
    ok(store().delete_contact(id, "ann", now()));
    EXPECT_TRUE(ok(store().jobs_of(id, 10)).jobs.empty());
    EXPECT_TRUE(history(id).empty());
    EXPECT_TRUE(claim(Crm::n8n).empty());
    const AuditEntry last = ok(store().audit_log(1, 0)).at(0);
    EXPECT_EQ(last.actor, "ann");
    EXPECT_EQ(last.action, "delete");
    EXPECT_EQ(last.count, 1);
}

// -- Lists
// -------------------------------------------------------------------------------------------------------------

TEST_P(StoreContacts, EveryFilterFiltersAndAllTogetherToo)
{
    ContactFields fields = with_email("Ann_1%@Example.org");
    fields.name = "Ann Lee";
    fields.email_type = EmailType::corporate;
    fields.has_gmail = true;
    fields.domain_id = random_uuid7(now());
    fields.page_id = random_uuid7(now());
    const Contact ann = make(fields);
    bring_to(JobState::failed, ann.id, Crm::hubspot);
    ok(store().set_curation_status(std::vector{ann.id}, CurationStatus::queued, "test", now()));
    ContactFields other = with_email("bob@example.org");
    other.has_gmail = false;
    other.email_type = EmailType::free;
    make(other);
    make(with_email("AnnX1Y@example.net"));

    std::vector<ContactFilter> filters(9);
    filters[0].curation_status = CurationStatus::queued;
    filters[1].processing_status = ProcessingStatus::queued;
    filters[2].sync_status[Crm::hubspot] = SyncStatus::error;
    filters[3].crm_processing_status[Crm::hubspot] = ProcessingStatus::error;
    filters[4].email_type = EmailType::corporate;
    filters[5].domain_id = fields.domain_id;
    filters[6].page_id = fields.page_id;
    filters[7].name_contains = "LEE";
    filters[8].has_gmail = true;
    ContactFilter all;
    for (std::size_t i = 0; i < filters.size(); ++i) EXPECT_EQ(emails(filters[i]), Emails{"Ann_1%@Example.org"}) << i;
    all.curation_status = CurationStatus::queued;
    all.sync_status[Crm::hubspot] = SyncStatus::error;
    all.email_type = EmailType::corporate;
    all.page_id = fields.page_id;
    all.has_gmail = true;
    all.email_contains = "ann";
    EXPECT_EQ(emails(all), Emails{"Ann_1%@Example.org"});
    all.has_gmail = false;
    EXPECT_EQ(emails(all), Emails{});
    EXPECT_EQ(emails({}).size(), 3u);
}

TEST_P(StoreContacts, PercentAndUnderscoreAreCharactersAndCaseDoesNotMatter)
{
    make(with_email("ann_1%@example.org"));
    make(with_email("annX1Y@example.net"));
    const auto containing = [&](std::string text) {
        ContactFilter filter;
        filter.email_contains = std::move(text);
        return emails(filter);
    };
    EXPECT_EQ(containing("n_1"), Emails{"ann_1%@example.org"});
    EXPECT_EQ(containing("1%@"), Emails{"ann_1%@example.org"});
    EXPECT_EQ(containing("\\"), Emails{});
    EXPECT_EQ(containing("aNNx1y"), Emails{"annX1Y@example.net"});
    EXPECT_EQ(containing("").size(), 2u);
}

TEST_P(StoreContacts, SearchMeetsAddressesAndNames)
{
    ContactFields ann = with_email("ann@example.org");
    ann.name = "Ann Lee";
    ContactFields bob = with_email("bob.lee@example.org");
    bob.name = "Bob";
    make(ann);
    make(bob);
    make(with_email("carl@example.net"));
    const auto found = [&](std::string text) {
        ContactFilter filter;
        filter.search = std::move(text);
        return emails(filter);
    };
    EXPECT_EQ(found("LEE"), (Emails{"ann@example.org", "bob.lee@example.org"}));
    EXPECT_EQ(found("example.NET"), Emails{"carl@example.net"}) << "who has no name";
    EXPECT_EQ(found("ann lee"), Emails{"ann@example.org"});
    EXPECT_EQ(found("l%"), Emails{});
    EXPECT_EQ(found("").size(), 3u);
    ContactFilter both;
    both.search = "lee";
    both.email_contains = "bob";
    EXPECT_EQ(emails(both), Emails{"bob.lee@example.org"});
    EXPECT_EQ(ok(store().set_curation_status(both, CurationStatus::skipped, "test", now())), 1u);
}

TEST_P(StoreContacts, AreFoundByAddressInAnySpelling)
{
    const Uuid old = add_contact("Ann@Example.org");
    const Uuid bob = add_contact("bob@example.org");
    const Uuid newer = add_contact(" ann@example.ORG ");
    add_contact("");
    using Found = std::vector<std::optional<Uuid>>;
    EXPECT_EQ(ok(store().find_by_address({"bob@example.org", "nobody@example.org", "ANN@example.org"})),
              (Found{bob, std::nullopt, newer}));
    advance(1s);
    ok(store().update_contact(old, {.name = "Ann"}, now()));
    EXPECT_EQ(ok(store().find_by_address({"ann@example.org", "ann@example.org"})), (Found{old, old}));
    EXPECT_EQ(ok(store().find_by_address({})), Found{});
    EXPECT_EQ(ok(store().find_by_address({"x\xff@example.org", std::string("a\0b", 3)})),
              (Found{std::nullopt, std::nullopt}));
}

TEST_P(StoreContacts, FiltersByEverySyncStatus)
{
    std::map<SyncStatus, Uuid> ids;
    const auto put = [&](SyncStatus status, JobState state) {
        const Uuid id = add_contact(std::string(to_string(status)) + "@example.org");
        bring_to(state, id);
        if (state == JobState::retrying) act(Action::sync, {id});
        ids.emplace(status, id);
    };
    ids.emplace(SyncStatus::new_, add_contact("New@example.org"));
    put(SyncStatus::complete, JobState::completed);
    put(SyncStatus::error, JobState::failed);
    put(SyncStatus::skipped, JobState::skipped);
    put(SyncStatus::processing, JobState::running);
    put(SyncStatus::queued, JobState::retrying);
    put(SyncStatus::selected, JobState::idle);
    act(Action::select, {ids.at(SyncStatus::selected)});
    for (const SyncStatus status : all_sync_statuses) {
        SCOPED_TRACE(to_string(status));
        ContactFilter filter;
        filter.sync_status[Crm::brevo] = status;
        EXPECT_EQ(emails(filter), Emails{std::string(to_string(status)) + "@example.org"});
        EXPECT_EQ(ok(store().contacts(filter, {}, {})).total, 1);
    }
}

TEST_P(StoreContacts, SortsByEveryKeyBothWays)
{
    ContactFields fields = with_email("b@example.org");
    fields.name = "Cid";
    const Uuid b = make(fields).id;
    fields = with_email("C@example.org");
    fields.name = "Ann";
    make(fields);
    make(with_email("a@example.org"));
    advance(1s);
    ContactChange change;
    change.phone_number = "1";
    ok(store().update_contact(b, change, now()));

    using By = ContactSort::By;
    const std::vector<std::pair<By, Emails>> cases = {
        {By::created_at, {"b@example.org", "C@example.org", "a@example.org"}},
        {By::updated_at, {"C@example.org", "a@example.org", "b@example.org"}},
        {By::email, {"a@example.org", "b@example.org", "C@example.org"}},
        {By::name, {"a@example.org", "C@example.org", "b@example.org"}},
    };
    for (auto [by, expected] : cases) {
        EXPECT_EQ(emails({}, {.by = by}), expected);
        std::ranges::reverse(expected);
        EXPECT_EQ(emails({}, {.by = by, .descending = true}), expected);
    }
}

TEST_P(StoreContacts, PagesByCursorWithoutGapsOrRepeatsWhileOthersInsert)
{
    using By = ContactSort::By;
    for (const By by : {By::created_at, By::updated_at, By::email, By::name}) {
        for (const bool descending : {false, true}) {
            std::set<Uuid> before;
            for (int i = 0; i < 25; ++i) before.insert(add_contact("same@example.org", i % 3 ? "Ann \U0001F642" : ""));
            const std::size_t all = all_contacts().size();
            std::multiset<Uuid> seen;
            PageRequest request{.limit = 7, .offset = 0, .cursor = {}, .with_total = false};
            do {
                const ContactPage page = ok(store().contacts({}, {by, descending}, request));
                EXPECT_LE(page.contacts.size(), 7u);
                for (const Contact& contact : page.contacts) seen.insert(contact.id);
                request.cursor = page.next_cursor;
                add_contact("aaa@example.org");
                add_contact("zzz@example.org");
                ASSERT_LT(seen.size(), 10 * all);
            } while (request.cursor);
            for (const Uuid& id : before) EXPECT_EQ(seen.count(id), 1u);
            for (const Contact& contact : all_contacts()) ok(store().delete_contact(contact.id, "test", now()));
        }
    }
}

TEST_P(StoreContacts, ACursorOfAnotherListIsRefused)
{
    add_contacts(3);
    const PageRequest two{.limit = 2, .offset = 0, .cursor = {}, .with_total = false};
    PageRequest next = two;
    next.cursor = ok(store().contacts({}, {}, two)).next_cursor;
    ASSERT_TRUE(next.cursor);
    EXPECT_EQ(ok(store().contacts({}, {}, next)).contacts.size(), 1u);
    EXPECT_EQ(ok(store().contacts({}, {}, next)).next_cursor, std::nullopt);
    EXPECT_EQ(error_of(store().contacts({}, {.by = ContactSort::By::name}, next)).code, ErrorCode::invalid);
    ContactFilter filter;
    filter.name_contains = "a";
    EXPECT_EQ(error_of(store().contacts(filter, {}, next)).field, "cursor");
    for (const char* bad : {"", "x", "a", "zz", "a00", "'; DROP TABLE contacts; --"}) {
        next.cursor = bad;
        EXPECT_EQ(error_of(store().contacts({}, {}, next)).field, "cursor") << bad;
    }
}

TEST_P(StoreContacts, ACursorThatWasTamperedWithIsTakenOrRefused)
{
    add_contacts(3);
    const auto hex = [](std::string_view text) {
        std::string out;
        for (const char c : text) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
        return out;
    };
    for (const auto by : {ContactSort::By::created_at, ContactSort::By::name}) {
        PageRequest request{.limit = 2, .offset = 0, .cursor = {}, .with_total = false};
        const std::string good = ok(store().contacts({}, {.by = by}, request)).next_cursor.value();
        const std::string mark = good.substr(0, good.find('.') + 1);
        const std::string id = "0193a5b6c7d87e9f8a0b1c2d3e4f5061";  // Without hyphens, as ids may be written.
        for (const std::string& cursor : {mark, mark + hex(id), mark + id, mark + id + ".", mark + id + ".00",
                                          good + "00", good + "ff", good + "f", good.substr(0, good.size() - 1)}) {
            request.cursor = cursor;
            const auto page = backend().run(store().contacts({}, {.by = by}, request));
            EXPECT_TRUE(page || page.error().field == "cursor") << cursor << ": " << page.error().message;
        }
    }
}

TEST_P(StoreContacts, OffsetsAndTotals)
{
    const std::vector<Uuid> ids = add_contacts(5);
    const ContactPage page = ok(store().contacts({}, {}, {.limit = 2, .offset = 3, .cursor = {}, .with_total = true}));
    ASSERT_EQ(page.contacts.size(), 2u);
    EXPECT_EQ(page.contacts[0].id, ids[3]);
    EXPECT_EQ(page.total, 5);
    EXPECT_FALSE(page.total_is_estimate);
    EXPECT_EQ(page.next_cursor, std::nullopt);
    EXPECT_EQ(ok(store().contacts({}, {}, {.limit = 2, .offset = 0, .cursor = {}, .with_total = false})).total,
              std::nullopt);
}

TEST_P(StoreContacts, CurationByIdsAndByFilter)
{
    const std::vector<Uuid> ids = add_contacts(3);
    EXPECT_EQ(
        ok(store().set_curation_status(std::vector{ids[0], random_uuid7(now())}, CurationStatus::queued, "ann", now())),
        1u);
    EXPECT_EQ(contact(ids[0]).processing_status, ProcessingStatus::queued);
    EXPECT_EQ(contact(ids[1]).curation_status, CurationStatus::new_);
    EXPECT_EQ(ok(store().set_curation_status(ContactFilter{}, CurationStatus::skipped, "ann", now())), 3u);
    EXPECT_EQ(contact(ids[0]).curation_status, CurationStatus::skipped);
    EXPECT_EQ(contact(ids[0]).processing_status, ProcessingStatus::queued);
    const std::vector<AuditEntry> audit = ok(store().audit_log(10, 0));
    ASSERT_EQ(audit.size(), 2u);
    EXPECT_EQ(audit[0].count, 3);
    EXPECT_EQ(audit[0].actor, "ann");
}

// -- Import
// ------------------------------------------------------------------------------------------------------------

TEST_P(StoreContacts, ImportCreatesUpdatesAndMerges)
{
    const Uuid older = add_contact("ann@example.org", "Ann");
    add_contact("ANN@example.org");  // The oldest is the one that is updated.
    const Uuid same = add_contact("same@example.org", "Same");
    advance(1min);
    const auto row = [](std::string email, std::optional<std::string> name, std::optional<std::string> phone = {}) {
        ImportRow made;
        made.fields.email = std::move(email);
        made.fields.name = std::move(name);
        made.fields.phone_number = std::move(phone);
        return made;
    };
    const ImportCounts counts = ok(store().import_contacts(
        {row("new@example.org", "First"), row("Ann@Example.org", std::nullopt, "1"), row("same@example.org", "Same"),
         row("NEW@example.org", "Last", "2"), row("new@example.org", std::nullopt)},
        now()));
    EXPECT_EQ(counts.created, 1u);
    EXPECT_EQ(counts.updated, 1u);
    EXPECT_EQ(counts.unchanged, 1u);
    EXPECT_EQ(counts.merged, 2u);
    const Contact ann = contact(older);
    EXPECT_EQ(ann.fields.name, "Ann");
    EXPECT_EQ(ann.fields.phone_number, "1");
    EXPECT_EQ(ann.fields.email, "ann@example.org");
    EXPECT_EQ(ann.updated_at, now());
    EXPECT_EQ(contact(same).updated_at, now() - 1min);
    const std::vector<Contact> all = all_contacts();
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all.back().fields.email, "new@example.org");
    EXPECT_EQ(all.back().fields.name, "Last");
    EXPECT_EQ(all.back().fields.phone_number, "2");
    EXPECT_EQ(all.back().curation_status, CurationStatus::new_);
}

TEST_P(StoreContacts, ImportingTwiceChangesNothing)
{
    std::vector<ImportRow> rows(100);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i].fields.email = "p" + std::to_string(i) + "@example.org";
        rows[i].fields.name = "Ünïcode \U0001F642 " + std::to_string(i);
    }
    EXPECT_EQ(ok(store().import_contacts(rows, now())).created, 100u);
    EXPECT_EQ(ok(store().import_contacts(rows, now())).unchanged, 100u);
    EXPECT_EQ(all_contacts().size(), 100u);
    EXPECT_EQ(ok(store().import_contacts({}, now())).created, 0u);
}

}  // namespace crmsync::conformance
