#pragma once

#include "base/result.h"
#include "domain/contact.h"

namespace crmsync {

/// Both databases hold the same texts: valid UTF-8 without NUL bytes. `invalid`, naming the field, for anything else.
Status check_storable(const ContactFields& fields);

}  // namespace crmsync
