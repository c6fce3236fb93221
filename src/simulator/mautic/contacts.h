#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulator/crm.h"
#include "simulator/mautic/render.h"
#include "simulator/mautic/reply.h"
#include "simulator/mautic/state.h"

namespace crmsync::simulator::mautic {

/// How a body is laid over a contact that exists.
enum class Write {
    post,   ///< What is sent and not blank; with overwriteWithBlank what is not sent is emptied too.
    patch,  ///< What is sent and not blank; with overwriteWithBlank what is sent.
    put,    ///< All: what is not sent is emptied.
};

/// What a body wants written, valid for its fields.
struct Draft {
    std::vector<std::pair<std::int64_t, json::value>> values;  ///< By Field::id; null: sent, and blank.
    std::vector<std::string> tags;                             ///< "-name" takes one away.
    std::vector<DoNotContact> marks;                           ///< Reason 0 takes a mark away.
    bool overwrite_blank = false;

    std::string email;  ///< In lower case, for faults; may be empty.
};

/// What became of one body.
struct Written {
    Contact* contact = nullptr;
    bool created = false;
    Blanked blanked = {};

    View view() const { return created ? View::created : View::fetched; }
};

/// Contacts: one by one, in batches, listed, and marked as not to be contacted.
class Contacts {
public:
    Contacts(State& state, FaultPlan& plan) : state_(state), plan_(plan) {}
    void add_to(Routes& routes);

private:
    using Params = http::PathParameters;

    http::ServerResponse create(const Call& call);
    http::ServerResponse edit(const Call& call, const Params& params);
    http::ServerResponse get(const Params& params);
    http::ServerResponse remove(const Params& params);
    http::ServerResponse list(const Call& call) const;
    http::ServerResponse mark(const Call& call, const Params& params);
    http::ServerResponse unmark(const Params& params);
    http::ServerResponse batch(const Call& call, std::optional<Write> edit);
    http::ServerResponse remove_batch(const Call& call);

    std::expected<Draft, Problem> read(const json::object& body, const FaultDecision& faults) const;
    std::expected<Written, Problem> upsert(const json::object& body, const FaultDecision& faults);
    std::expected<Written, Problem> edit_one(Contact* contact, const json::object& body, Write write,
                                             const FaultDecision& faults);
    std::optional<Problem> refusal(const Draft& draft) const;
    Blanked apply(Contact& contact, const Draft& draft, Write write);
    void apply_extras(Contact& contact, const Draft& draft);
    void absorb(Contact& contact, Contact& other);
    Contact* find(const Params& params);

    State& state_;
    FaultPlan& plan_;
};

}  // namespace crmsync::simulator::mautic
