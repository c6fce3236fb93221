#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "connectors/hubspot/payload.h"
#include "connectors/hubspot/session.h"

namespace crmsync::hubspot {

/// One send of a batch: upserts by address, and updates by record of what has another address there.
class Delivery {
public:
    /// `schema` may be null. All outlive this.
    Delivery(Session& session, const Schema* schema, std::optional<std::int64_t> list_id,
             std::span<const MappedContact> contacts, Exchange& exchange);

    /// An outcome per contact, or one for all when HubSpot refused the whole and named nobody.
    Task<std::variant<PerItem, WholeCall, Accepted>> run();

private:
    struct Item {
        const MappedContact* contact = nullptr;
        std::string trace_id;
        Properties properties;
        std::string record;          ///< Write this one by its id; empty: by the address.
        bool gives_address = false;  ///< The record gets the contact's address.
        bool took_over = false;      ///< The address belonged to another record, which was written instead.
        std::optional<Outcome> outcome;
    };
    using Items = std::vector<Item*>;
    enum class Kind { upsert, update };

    Task<> look_up_moved();
    void decide_moved(Item& item, const BatchAnswer& known);
    Task<> write(Kind kind);
    static std::vector<Items> split_by_size(const Items& items);
    Task<Items> write_once(Kind kind, Items items);
    void read_answer(const BatchAnswer& answer, Kind kind, const Items& items);
    void acknowledge(Item& item, const BatchAnswer::Result& result) const;
    void refuse(Item& item, const Complaint& complaint, Kind kind);
    void refuse_all(const Items& items, const Outcome& outcome);
    Items refuse_named(const Complaint& complaint, Kind kind, const Items& items);
    Task<> add_to_list();

    Items open(Kind kind);
    Secrets addresses() const;

    Session& session_;
    std::optional<std::int64_t> list_id_;
    Exchange& exchange_;
    std::vector<Item> items_;
    std::optional<Outcome> whole_;  // A refusal of all that are open.
};

}  // namespace crmsync::hubspot
