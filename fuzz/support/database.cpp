#include "fuzz/support/database.h"

#include "store/open.h"

namespace crmsync::fuzz {

namespace {

/// History and audit grow with the inputs.
constexpr int inputs_per_database = 1000;

}  // namespace

void Database::open()
{
    if (store_) loop_.run(store_->close());
    auto opened = loop_.run(sqlite::open(
        loop_.executor(), clock_,
        {.url = "sqlite::memory:", .direct_url = {}, .single_threaded = true, .poll_interval = Duration{0}}));
    require(opened.has_value(), "a database in memory opens", opened ? "" : opened.error().message);
    store_ = *std::move(opened);
}

Store& Database::emptied()
{
    if (inputs_++ % inputs_per_database == 0) {
        open();
        return *store_;
    }
    for (;;) {
        const auto page = loop_.run(store_->contacts({}, {}, {.limit = 1000, .cursor = {}, .with_total = false}));
        require(page.has_value(), "contacts can be listed");
        if (page->contacts.empty()) return *store_;
        for (const Contact& contact : page->contacts)
            require(loop_.run(store_->delete_contact(contact.id, "fuzz", clock_.now())).has_value(),
                    "a contact can be deleted");
    }
}

}  // namespace crmsync::fuzz
