#include <set>

#include "fuzz/support/database.h"

// Where a page of contacts goes on. First line: field and direction of the sort; then the cursor as it is, or in a line
// of its own behind "hex" what stands in it.

namespace crmsync::fuzz {

namespace {

constexpr std::size_t contact_count = 7;

Store& filled(Database& database)
{
    static bool done = false;
    if (std::exchange(done, true)) return database.store();
    Store& store = database.emptied();
    for (std::size_t i = 0; i < contact_count; ++i) {
        ContactFields fields{.email = std::string(1 + i % 3, 'a') + std::to_string(i) + "@example.com"};
        if (i % 2 == 0) fields.name = "Name " + std::string(i / 3, 'x');
        require(
            database.loop().run(store.create_contact(fields, CurationStatus::new_, database.clock().now())).has_value(),
            "a contact can be made");
        database.clock().advance(Duration{1500});
    }
    return store;
}

ContactSort sort_of(std::string_view words)
{
    ContactSort sort;
    using enum ContactSort::By;
    sort.by = words.starts_with("name")      ? name
              : words.starts_with("email")   ? email
              : words.starts_with("updated") ? updated_at
                                             : created_at;
    sort.descending = words.ends_with("desc");
    return sort;
}

/// Following the cursors meets every contact once. Gives the last cursor on the way.
std::string walk(Database& database, Store& store, const ContactSort& sort)
{
    std::set<Uuid> met;
    PageRequest request{.limit = 2, .offset = 0, .cursor = {}, .with_total = false};
    std::string last;
    do {
        const auto page = database.loop().run(store.contacts({}, sort, request));
        require(page.has_value(), "a cursor that was given is taken");
        for (const Contact& contact : page->contacts) require(met.insert(contact.id).second, "no contact comes twice");
        request.cursor = page->next_cursor;
        if (request.cursor) last = *request.cursor;
    } while (request.cursor);
    require(met.size() == contact_count, "every contact comes");
    return last;
}

}  // namespace

void try_input(std::string_view input)
{
    static Database& database = *new Database;
    Store& store = filled(database);
    const ContactSort sort = sort_of(take_line(input));
    const std::string real = walk(database, store, sort);
    const std::string mark = real.substr(0, real.find('.') + 1);
    std::string made = mark + std::string(input);
    if (input.starts_with("hex\n")) {
        made = mark;
        for (const char c : input.substr(4)) {
            constexpr std::string_view digits = "0123456789abcdef";
            made += digits[static_cast<unsigned char>(c) >> 4];
            made += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    for (const std::string& cursor : {std::string(input), made, real.substr(0, input.size() % (real.size() + 1))}) {
        const auto page = database.loop().run(
            store.contacts({}, sort, {.limit = 2, .offset = 0, .cursor = cursor, .with_total = false}));
        require(page || (page.error().code == ErrorCode::invalid && page.error().field == "cursor"),
                "a cursor is taken or refused", page ? "" : page.error().message);
        if (page) require(page->contacts.size() <= 2, "a page is no longer than asked for");
    }
}

}  // namespace crmsync::fuzz
