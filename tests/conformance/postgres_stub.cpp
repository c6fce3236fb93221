#include "tests/conformance/store_backend.h"
namespace crmsync::conformance {
std::vector<StoreKind> postgres_kinds() { return {}; }
}  // namespace crmsync::conformance
