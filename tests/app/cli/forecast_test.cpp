#include "app/cli/forecast.h"

#include <gtest/gtest.h>

namespace crmsync::app {
namespace {

TEST(ForecastHint, SaysWhoWillNotGoAsTheyAre)
{
    Forecast forecast;
    EXPECT_EQ(forecast_hint(forecast, {Crm::brevo}), "");
    forecast.same_phone = {.groups = 1, .contacts = 3, .examples = {}};
    EXPECT_EQ(forecast_hint(forecast, {}), "");
    EXPECT_EQ(forecast_hint(forecast, {Crm::brevo}), "3 share a phone number, which Brevo takes once");
    forecast.same_address = {.groups = 2, .contacts = 1'005, .examples = {}};
    EXPECT_EQ(forecast_hint(forecast, {}), "1,003 share an e-mail address with a newer contact");
    EXPECT_EQ(forecast_hint(forecast, {Crm::brevo, Crm::mautic}),
              "1,003 share an e-mail address with a newer contact; 3 share a phone number, which Brevo, Mautic takes "
              "once");
}

TEST(PrintForecast, NamesWhoGoes)
{
    std::FILE* out = std::tmpfile();
    Console console({}, out, out);
    Uuid one, two;
    two.bytes[15] = 2;
    Forecast forecast{.contacts = 5,
                      .same_address = {.groups = 1, .contacts = 7, .examples = {{"a@b.co", 7, {two, one}}}}};
    print_forecast(console, forecast, {});
    print_forecast(console, {}, {Crm::brevo});
    std::rewind(out);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), out));
    std::fclose(out);
    EXPECT_EQ(text,
              "5 contact(s) looked at\n"
              "1 e-mail address(es) on 7 contacts: of each the newest goes, 6 will not be sent\n"
              "E-MAIL\tCONTACTS\tGOES\tDO NOT GO\n"
              "a@b.co\t7\t00000000-0000-0000-0000-000000000002\t00000000-0000-0000-0000-000000000000 and 5 more\n"
              "0 contact(s) looked at\n"
              "No two of them share an e-mail address or a phone number\n");
}

}  // namespace
}  // namespace crmsync::app
