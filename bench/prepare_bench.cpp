// What one contact costs before and after its call: mapping, payload, reading the answer, and the coordination row.
// Prints microseconds of CPU each; no I/O.
//
// usage: prepare_bench

#include <fmt/format.h>

#include <ctime>

#include "connectors/brevo/answer.h"
#include "connectors/brevo/connector.h"
#include "connectors/brevo/payload.h"
#include "domain/connector_state.h"

namespace crmsync {
namespace {

double cpu_us()
{
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

template <class Work>
void measure(std::string_view what, int times, Work work)
{
    for (int i = 0; i < times / 10; ++i) work();
    const double begin = cpu_us();
    for (int i = 0; i < times; ++i) work();
    fmt::print("{:<44} {:>8.2f} us\n", what, (cpu_us() - begin) / times);
}

template <class T>
void keep(const T& value)
{
    asm volatile("" : : "g"(&value) : "memory");
}

void run()
{
    const FieldMapping mapping = brevo::default_mapping();
    const JobKey key{.contact_id = random_uuid7(Instant{}), .crm = Crm::brevo};
    ContactFields contact{.email = "Ann.Lee@Example.com",
                          .name = "Ann van der Lee",
                          .email_type = EmailType::corporate,
                          .has_gmail = false,
                          .source_url = "https://www.example.com/contact/us?page=2",
                          .domain_id = key.contact_id,
                          .page_id = key.contact_id};
    measure("map a contact", 200'000, [&] { keep(map_contact(contact, key, 1, mapping, {}, {})); });
    contact.phone_number = "(202) 456-1111";
    measure("map a contact with a phone number", 20'000, [&] { keep(map_contact(contact, key, 1, mapping, {}, {})); });

    const auto mapped = std::get<MappedContact>(map_contact(contact, key, 1, mapping, {}, {}));
    const brevo::PayloadRules rules{.fit = {}, .list_id = 36};
    measure("write Brevo's payload", 500'000, [&] { keep(brevo::upsert_body(mapped, rules)); });
    const http::Response created{.status = 201, .body = R"({"id":122334})"};
    measure("read a 201", 500'000, [&] { keep(brevo::acknowledgement(created, mapped.email)); });
    const http::Headers headers{
        {"x-sib-ratelimit-limit", "10"}, {"x-sib-ratelimit-remaining", "6"}, {"x-sib-ratelimit-reset", "1"}};
    measure("read the limit headers", 500'000, [&] { keep(brevo::limits_of(headers)); });

    ConnectorState state;
    const BudgetConfig budget{.limits = {{"second", 1s, 10'000}, {"hour", 1h, 36'000'000}}, .reserve_percent = 5};
    Instant now{std::chrono::seconds{1'700'000'000}};
    measure("claim: read, admit, take, write the row", 20'000, [&] {
        now += 50ms;
        ConnectorState row = parse_connector_state(to_json(state));
        const Grant grant = admit(row, budget, 500, false, now);
        take(row, grant, grant.count, 2min, now);
        state = std::move(row);
    });
}

}  // namespace
}  // namespace crmsync

int main() { crmsync::run(); }
