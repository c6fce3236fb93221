#pragma once

#include <array>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/contact.h"
#include "ingest/column_map.h"

namespace crmsync::ingest {

/// Why a line is not imported, for counting; the words of reports.
enum class Refused { no_email, malformed_email, invalid_value, missing_value, suppressed, wrong_shape, unreadable };
inline constexpr std::array all_refused{Refused::no_email,      Refused::malformed_email, Refused::invalid_value,
                                        Refused::missing_value, Refused::suppressed,      Refused::wrong_shape,
                                        Refused::unreadable};
std::string_view to_string(Refused why);

struct RowProblem {
    Refused why = Refused::unreadable;
    std::string reason;  ///< For people, with the column's name.
};

/// The values of one row; views with a null pointer are absent.
using RowValues = PerColumn<std::string_view>;

/// Turns the texts of a row into a contact's fields. "(blank)", "n/a" and "-" are no values. Pure.
class RowCheck {
public:
    /// `constants` stand where a row has no value; they are checked here. `required` names columns without which the
    /// database takes no contact.
    static Result<RowCheck> create(const PerColumn<std::optional<std::string>>& constants,
                                   const std::vector<std::string>& required = {});

    std::expected<ContactFields, RowProblem> check(const RowValues& values) const;

private:
    ContactFields defaults_;
    PerColumn<bool> required_;
};

}  // namespace crmsync::ingest
