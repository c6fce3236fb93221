#pragma once

#include "simulator/brevo/contacts.h"
#include "simulator/brevo/state.h"
#include "simulator/crm.h"

namespace crmsync::simulator::brevo {

/// Lists, folders and (never any) segments, and who is in a list.
class Lists {
public:
    Lists(State& state, Contacts& contacts) : state_(state), contacts_(contacts) {}
    void add_to(Routes& routes);

private:
    using Params = http::PathParameters;
    enum class Change { add, remove };

    void add_folders(Routes& routes);
    std::expected<std::int64_t, Problem> list_id(const Params& params) const;
    std::expected<std::int64_t, Problem> folder_id(const Params& params) const;
    http::ServerResponse index(const Call& call, std::int64_t folder) const;
    http::ServerResponse create(const Call& call);
    http::ServerResponse get(const Params& params) const;
    http::ServerResponse update(const Call& call, const Params& params);
    http::ServerResponse remove(const Params& params);
    http::ServerResponse members(const Call& call, const Params& params) const;
    http::ServerResponse change(const Call& call, const Params& params, Change change);
    http::ServerResponse remove_all(std::int64_t list);
    http::ServerResponse folders(const Call& call) const;
    http::ServerResponse save_folder(const Call& call, std::int64_t id, int status);
    http::ServerResponse remove_folder(std::int64_t folder);
    Contact* find(std::string_view by, const json::value& key) const;

    State& state_;
    Contacts& contacts_;
};

}  // namespace crmsync::simulator::brevo
