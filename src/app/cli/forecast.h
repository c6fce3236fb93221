#pragma once

#include <string>
#include <vector>

#include "app/cli/console.h"
#include "domain/crm.h"
#include "store/store.h"

namespace crmsync::app {

/// Who will meet whom, as tables. `phones_once`: the CRMs that take a phone number from one contact alone.
void print_forecast(Console& console, const Forecast& forecast, const std::vector<Crm>& phones_once);

/// The same in one line, for after a selection; "" when nobody meets.
std::string forecast_hint(const Forecast& forecast, const std::vector<Crm>& phones_once);

}  // namespace crmsync::app
