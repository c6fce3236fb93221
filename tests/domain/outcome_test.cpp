#include "domain/outcome.h"

#include <gtest/gtest.h>

namespace crmsync {
namespace {

TEST(Outcome, HasANameACodeAndAReason)
{
    const std::tuple<Outcome, std::string_view, std::string_view, std::string_view> table[] = {
        {Upserted{.remote_id = "x"}, "upserted", "", ""},
        {Throttled{.reason = "slow"}, "throttled", "throttled", "slow"},
        {Transient{.code = "timeout", .reason = "late"}, "transient", "timeout", "late"},
        {Rejected{.code = "bad", .reason = "no"}, "rejected", "bad", "no"},
        {Unauthorized{.code = "wrong_key", .reason = "who"}, "unauthorized", "wrong_key", "who"},
    };
    for (const auto& [outcome, name, code, reason] : table) {
        EXPECT_EQ(outcome_name(outcome), name);
        EXPECT_EQ(code_of(outcome), code);
        EXPECT_EQ(reason_of(outcome), reason);
    }
}

}  // namespace
}  // namespace crmsync
