#pragma once

#include <string>
#include <vector>

#include "api/call.h"

namespace crmsync::api {

Task<Reply> look_up_contacts(Call call);

/// What became of each address of a list, in its order; one that is there twice counts once.
struct LookedUp {
    struct Found {
        std::string email;
        Uuid contact_id;
    };
    struct Invalid {
        std::string email;
        std::string reason;
    };
    std::vector<Found> found;
    std::vector<std::string> not_found;
    std::vector<Invalid> invalid;  ///< No contact has it, and none should.
};
Task<Result<LookedUp>> look_up(Store& store, std::vector<std::string> emails);

}  // namespace crmsync::api
