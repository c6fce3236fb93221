#pragma once

#include <optional>
#include <span>
#include <vector>

#include "connectors/mautic/payload.h"
#include "connectors/mautic/session.h"

namespace crmsync::mautic {

/// What every delivery of a connector shares.
struct Terms {
    PayloadRules rules;
    std::optional<std::int64_t> segment_id;
    std::optional<std::int64_t> missing_segment;  ///< Configured, but unknown to Mautic.
    std::size_t batch_limit = 200;                ///< Of the installation; lowered when it says so.
};

/// Brings the contacts of one `send` to Mautic, through as many calls as it takes. Lives for one send.
class Delivery {
public:
    Delivery(Session& session, Terms& terms, std::span<const MappedContact> contacts);
    Task<SendResult> run(Exchange exchange);

private:
    /// A contact on its way.
    struct Parcel {
        const MappedContact* contact = nullptr;
        Item item;
        std::optional<Outcome> outcome = {};
        std::optional<KnownContact> stored = {};  ///< As Mautic showed it after the write.
    };
    using Parcels = std::vector<Parcel*>;

    Task<> follow_moves();
    Task<> move(Parcel& parcel, std::int64_t id);
    Task<> write_all();
    Task<> write_one(Parcel& parcel);
    /// False when the installation takes fewer at a time, and nothing was written.
    Task<bool> write_batch(std::span<Parcel* const> parcels);
    Task<> write_one_by_one(std::span<Parcel* const> parcels);
    Task<> clear_fields();
    Task<> add_to_segment();

    Parcels pending();
    void give_up(const Outcome& outcome);
    void settle(Parcel& parcel, const Result<http::Response>& answer);
    void settle(Parcel& parcel, const Told& told);
    void acknowledge(Parcel& parcel, KnownContact stored, Upserted::Change change);
    SendResult result();

    Session& session_;
    Terms& terms_;
    std::vector<Parcel> parcels_;
    Exchange exchange_;
    std::optional<Rejected> whole_rejection_;  ///< Of a batch of which Mautic told nothing per contact.
};

}  // namespace crmsync::mautic
