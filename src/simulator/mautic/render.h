#pragma once

#include <boost/json/object.hpp>
#include <map>

#include "simulator/mautic/state.h"

namespace crmsync::simulator::mautic {

/// Mautic shows a contact in other words depending on where it comes from.
enum class View {
    created,  ///< As just made: fields with decoded properties.
    fetched,  ///< As read from the database: ids as text, properties as PHP serialises them.
    minimal,  ///< In a list that asked for little: ends with the fields.
    noted,    ///< After a do-not-contact call: nothing that is null.
};

/// The fields (by id) that a request emptied: its answer shows "" for them instead of null, but for those among `all`
/// that lost a value.
struct Blank {
    bool lost = false;
};
using Blanked = std::map<std::int64_t, Blank>;

json::object render(const State& state, const Contact& contact, View view, const Blanked& blanked = {});

/// A field's definition, as the field API shows it.
json::object render(const State& state, const Field& field);

/// {"list": ["Mr"]} as PHP's serialize writes it: a:1:{s:4:"list";a:1:{i:0;s:2:"Mr";}}
std::string php_serialize(const json::value& value);

}  // namespace crmsync::simulator::mautic
