#include "app/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "app/similar.h"
#include "domain/crm.h"
#include "http/client.h"

namespace crmsync::app {

namespace {

using enum Kind;

constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();

std::string upper(std::string_view text)
{
    std::string result(text);
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

const std::vector<Variable> general_variables{
    {"Database", "DATABASE_URL", "", text,
     "postgresql://user:password@host/name or sqlite:/path/to/file.db. Unset: SQLite in the state directory."},
    {"Database", "DATABASE_DIRECT_URL", "", text,
     "PostgreSQL past a pooler, for LISTEN and migrations. Unset behind a pooler: polls every 500 ms."},
    {"Database", "DATABASE_POOL_SIZE", "8", integer,
     "Connections to PostgreSQL for the engine; as many again for the API.", "", 1, 1000},
    {"Service", "CRMSYNC_STATE_DIR", "", text,
     "Where the embedded database, the token key and locks live. Unset: the XDG state directory."},
    {"Service", "CRMSYNC_ENV_FILE", "", text, "The file read beside the environment. Unset: .env, where it exists."},
    {"Service", "CRMSYNC_CONFIG", "", text, "TOML file with field mappings. Unset: crmsync.toml, where it exists."},
    {"Service", "CRMSYNC_LISTEN", "127.0.0.1:8000", text, "Address and port of the API."},
    {"Service", "PORT", "", integer, "Set by hosting platforms: means CRMSYNC_LISTEN=0.0.0.0:$PORT.", "", 1, 65535},
    {"Service", "CRMSYNC_LOG_LEVEL", "info", choice, "What is logged.", "debug|info|warn|error"},
    {"Service", "CRMSYNC_LOG_FORMAT", "auto", choice, "auto: pretty on a terminal, else json.", "auto|pretty|json"},
    {"Service", "CRMSYNC_DEFAULT_PHONE_REGION", "US", text,
     "Two letters (ISO 3166): the country of phone numbers that name none."},
    {"Service", "CRMSYNC_HISTORY_DAYS", "90", integer, "How long attempts are kept.", "", 1, 36500},
    {"Service", "CRMSYNC_API_DOCS", "true", boolean, "Serves /openapi.json and /docs, to everybody."},
    {"Service", "CRMSYNC_CORS_ORIGINS", "", text,
     "Web origins whose pages may call the API, such as https://app.example.com, separated by commas. Unset: none."},
    {"Service", "CRMSYNC_TLS_CERTIFICATE", "", text,
     "PEM file with the API's certificate and what leads to its authority; with CRMSYNC_TLS_KEY the API speaks https. "
     "Read at start."},
    {"Service", "CRMSYNC_TLS_KEY", "", text, "PEM file with the certificate's key."},
    {"Service", "CRMSYNC_TRUSTED_PROXIES", "", text,
     "Addresses or ranges (10.0.0.0/8) of proxies whose X-Forwarded-For is believed, separated by commas."},
    {"Service", "CRMSYNC_MAX_CONNECTIONS", "4096", integer, "Connections to the API at once.", "", 1, 1'000'000},
    {"Service", "CRMSYNC_MAX_CONNECTIONS_PER_CLIENT", "1024", integer,
     "From one address that is no trusted proxy. 0: no limit of its own.", "", 0, 1'000'000},
    {"Service", "CRMSYNC_REQUESTS_PER_SECOND", "0", integer,
     "Requests that each caller of the API may make, and as many at once. 0: no limit.", "", 0, 1'000'000},
    {"Service", "CRMSYNC_CONFIRM_ABOVE", "10000", integer,
     "An action by filter that meets more contacts must say how many it expects. 0: any number goes unasked.", "", 0,
     1'000'000'000},
    {"Service", "CRMSYNC_METRICS_PUBLIC", "true", boolean, "Serves /metrics to everybody; else it needs a token."},
    {"Service", "CRMSYNC_METRICS_LISTEN", "", text,
     "Address and port where /metrics alone is served, to everybody who reaches it; also by `crmsync worker`. Unset: "
     "nowhere."},
    {"Service", "CRMSYNC_EXCHANGES_KEPT", "0", integer,
     "Calls to each CRM that GET /crm/{crm}/exchanges shows, without keys and personal data; 0: none are kept.", "", 0,
     1000},
    {"Service", "JWT_SECRET_KEY", "", secret,
     "Signs and checks API tokens; at least 32 bytes. Unset: a random one is made and kept in the state directory."},
    {"Service", "JWT_AUDIENCE", "authenticated", text, "The audience a token must name."},
    {"Service", "JWT_ISSUER", "", text, "The issuer a token must name. Unset: any."},
    {"Service", "JWT_JWKS", "", text,
     "Public keys of whoever issues tokens (RS256, ES256): a JWK set, as a file or an https:// address. Read anew "
     "every 10 minutes, and when a token names a key that is missing. Unset: only tokens signed with JWT_SECRET_KEY."},
    {"Service", "JWT_ROLE_CLAIM", "crmsync_role", text,
     "The claim that holds viewer, operator or admin: a name or a path such as realm_access.roles; a list counts by "
     "its highest."},
    {"Service", "JWT_DEFAULT_ROLE", "operator", choice, "The role of a token without that claim; none: refused.",
     "viewer|operator|admin|none"},
    {"Service", "JWT_LEEWAY_SECONDS", "30", integer, "How far clocks may differ, for exp and nbf.", "", 0, 300},
    {"Service", "CRMSYNC_CA_FILE", "", text,
     "PEM file with authorities to trust beside the system's, for CRMs, mail servers and webhooks with certificates of "
     "your own."},
    {"Service", "CRMSYNC_PROXY", "", secret,
     "Proxy for calls to CRMs, to JWT_JWKS and to ALERT_WEBHOOK_URL: http://host:port or "
     "http://name:password@host:port."},
    {"Service", "CRMSYNC_NO_PROXY", "", text,
     "Hosts called without it, with all below them, separated by commas. This machine always is."},
    {"Service", "CRMSYNC_KEY", "", secret,
     "Seals the OAuth tokens kept in the database; at least 32 bytes, the same on all machines that share one. Unset: "
     "one is made when it is first needed, and kept in the state directory."},
};

const std::vector<Variable> alert_variables{
    {"Alerts", "SMTP_URL", "", text, "Mail server for alerts: smtp://host:587 or smtps://host:465."},
    {"Alerts", "SMTP_USERNAME", "", text, "Login at the mail server."},
    {"Alerts", "SMTP_PASSWORD", "", secret, "Password at the mail server."},
    {"Alerts", "SMTP_FROM", "", text, "Sender of alerts: crmsync@example.com or Our CRM <crmsync@example.com>."},
    {"Alerts", "SMTP_TLS", "auto", choice,
     "Whether smtp:// must turn to TLS (STARTTLS). auto: unless the server is on this machine; off: never does.",
     "auto|required|off"},
    {"Alerts", "ALERT_WEBHOOK_URL", "", secret_url, "Receives alerts as JSON; docs/alerts.md describes them."},
    {"Alerts", "ALERT_WEBHOOK_SECRET", "", secret, "Signs what is sent there."},
    {"Alerts", "ALERT_AFTER_SECONDS", "60", integer,
     "How long a connector's trouble lasts before it is told, and its recovery.", "", 0, 86400},
    {"Alerts", "ALERT_DIGEST_MINUTES", "60", integer,
     "Failed contacts are told together, at most once in so many minutes.", "", 1, 10080},
};

/// What only one CRM has. Names without the prefix.
std::vector<Variable> own_variables(Crm crm)
{
    const std::string group(display_name(crm));
    const std::string auto_setup = "Create missing mapped attributes at start.";
    switch (crm) {
        case Crm::brevo:
            return {{group, "API_KEY", "", secret, "Unset: this connector is off and its queue stays as it is."},
                    {group, "LIST_ID", "", text, "The list contacts are put on. Empty: none."},
                    {group, "API_BASE_URL", "https://api.brevo.com/v3", url, "Where its API is."},
                    {group, "AUTO_SETUP", "true", boolean, auto_setup},
                    {group, "IMPORT_MIN_CONTACTS", "1000", integer,
                     "From so many due contacts of a bulk selection on by Brevo's import, when single calls would take "
                     "longer. 0: never. Needs BREVO_LIST_ID.",
                     "", 0, 1'000'000'000},
                    {group, "RATE_LIMIT_PROCESSES_PER_HOUR", "100", integer,
                     "Calls that ask how an import goes; 0: no limit.", "", 0, 1'000'000}};
        case Crm::hubspot:
            return {{group, "API_KEY", "", secret,
                     "Token of a private app or service key. Unset: off, unless OAuth is set."},
                    {group, "CLIENT_ID", "", text,
                     "OAuth, instead of a token: 110 calls per 10 seconds then, and 0 (no limit) per day."},
                    {group, "CLIENT_SECRET", "", secret, "OAuth."},
                    {group, "REFRESH_TOKEN", "", secret, "OAuth."},
                    {group, "LIST_ID", "", text, "The static list contacts are put on. Empty: none."},
                    {group, "API_BASE_URL", "https://api.hubapi.com", url, "Where its API is."},
                    {group, "AUTO_SETUP", "false", boolean, auto_setup}};
        case Crm::mautic:
            return {
                {group, "BASE_URL", "", url, "Your Mautic: https://host. Unset: this connector is off."},
                {group, "CLIENT_ID", "", text, "OAuth."},
                {group, "CLIENT_SECRET", "", secret, "OAuth."},
                {group, "REFRESH_TOKEN", "", secret, "OAuth, when not by client credentials."},
                {group, "USERNAME", "", text, "Basic authentication, instead of OAuth."},
                {group, "PASSWORD", "", secret, "Basic authentication."},
                {group, "TAGS", "", text, "Tags every contact gets, separated by commas."},
                {group, "SEGMENT_ID", "", text, "The segment contacts are put in. Empty: none."},
                {group, "BATCH_SIZE", "50", integer, "Contacts per call; Mautic takes no more than 200.", "", 1, 200},
                {group, "AUTO_SETUP", "false", boolean, auto_setup}};
        case Crm::n8n:
            return {{group, "WEBHOOK_URL", "", url, "The workflow's production URL. Unset: this connector is off."},
                    {group, "WEBHOOK_AUTH", "bearer", choice, "How the webhook checks us: see docs/n8n.md.",
                     "bearer|none|basic|header|jwt"},
                    {group, "WEBHOOK_SECRET", "", secret,
                     "The token, \"name:password\", header value or signing key (HS256)."},
                    {group, "WEBHOOK_HEADER", "", text, "The header's name, with WEBHOOK_AUTH=header."},
                    {group, "SIGNING_SECRET", "", secret,
                     "Signs every call (HMAC); docs/n8n.md shows how a workflow checks it. Empty: unsigned."},
                    {group, "API_BASE_URL", "", url, "Where n8n is, for its API. Unset: as the webhook's URL tells."},
                    {group, "API_KEY", "", secret,
                     "For that API: checks that the workflow is active, and finds executions that failed after the "
                     "answer."},
                    {group, "BATCH_SIZE", "1", integer, "Contacts per webhook call; above 1 they come as an array.", "",
                     1, 1000}};
    }
    __builtin_unreachable();
}

struct Limit {
    std::string_view window;  ///< As in ..._RATE_LIMIT_PER_...
    std::string_view fallback;
};

std::vector<Limit> limits_of(Crm crm)
{
    switch (crm) {
        case Crm::brevo:
            return {{"SECOND", "10"}, {"HOUR", "36000"}};
        case Crm::hubspot:
            return {{"10_SECONDS", "100"}, {"DAY", "250000"}};
        case Crm::mautic:
        case Crm::n8n:
            return {{"SECOND", "0"}, {"HOUR", "0"}};
    }
    __builtin_unreachable();
}

/// What every CRM has.
std::vector<Variable> family_variables(Crm crm)
{
    const std::string group(display_name(crm));
    std::vector<Variable> result{
        {group, "SYNC_ENABLED", "true", boolean, "Whether its queue is worked at all."},
        {group, "SYNC_SCHEDULER_INTERVAL_MINUTES", "5", integer,
         "Safety net: sweeps for what nobody announced, and looks for missing fields again.", "", 1, 1440},
        {group, "SYNC_SCHEDULER_BATCH_SIZE", "10", integer, "Contacts in one claim of single calls.", "", 1, 10'000},
        {group, "SYNC_SCHEDULER_MAX_INSTANCES", "1", integer, "Concurrent runs per process.", "", 1, 64},
        {group, "SYNC_SCHEDULER_DRAIN", "true", boolean,
         "false: the strict schedule, one batch per interval and no wake-ups."},
        {group, "SYNC_MAX_RETRIES", "3", integer, "Retries before a contact fails for good.", "", 0, 100},
        {group, "SYNC_RETRY_DELAY_MINUTES", "5", integer, "Wait before the first retry; 0: none.", "", 0, 10'080},
        {group, "SYNC_RETRY_EXPONENTIAL", "true", boolean, "Doubles the wait each time; false: adds it."},
        {group, "RESYNC_ON_CHANGE", "false", boolean,
         "A contact that changed after it was Complete is queued again by itself; false: it is marked only."},
        {group, "PAUSE_ON_REJECTED_PERCENT", "50", integer,
         "Pauses itself when it refused more than this share of the last 200 contacts (100 at least). 0: never.", "", 0,
         100},
        {group, "SYNC_FAILURE_NOTIFICATION_EMAIL", "", text,
         "Who is told when this connector is in trouble, and of contacts that failed: addresses, separated by commas."},
    };
    for (const Limit& limit : limits_of(crm))
        result.push_back({group, fmt::format("RATE_LIMIT_PER_{}", limit.window), std::string(limit.fallback), integer,
                          "Calls the account may make. What the CRM's own headers say corrects the default; of another "
                          "value set here and theirs the lower counts. 0: no limit.",
                          "", 0, unbounded});
    result.push_back(
        {group, "RATE_LIMIT_RESERVE_PERCENT", "5", integer, "Kept free for the account's other users.", "", 0, 95});
    result.push_back({group, "HTTP_TIMEOUT_SECONDS", crm == Crm::mautic ? "120" : "30", integer,
                      "Longest wait for one answer.", "", 1, 600});
    return result;
}

std::vector<Variable> make_variables()
{
    std::vector<Variable> result = general_variables;
    for (const Crm crm : all_crms) {
        const std::string prefix = upper(to_string(crm)) + "_";
        for (const auto& part : {own_variables(crm), family_variables(crm)})
            for (Variable variable : part) {
                variable.name = prefix + variable.name;
                result.push_back(std::move(variable));
            }
    }
    result.insert(result.end(), alert_variables.begin(), alert_variables.end());
    return result;
}

std::string check_integer(const Variable& variable, std::string_view value)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc{} && end == value.data() + value.size() && number >= variable.min && number <= variable.max)
        return "";
    return variable.max == unbounded
               ? fmt::format("is \"{}\"; set it to a whole number of at least {}", value, variable.min)
               : fmt::format("is \"{}\"; set it to a whole number from {} to {}", value, variable.min, variable.max);
}

std::string check_choice(const Variable& variable, std::string_view value)
{
    const std::string all = "|" + variable.choices + "|";
    if (all.contains(fmt::format("|{}|", value))) return "";
    return fmt::format("is \"{}\"; set it to one of {}", value, variable.choices);
}

std::string check_url(std::string_view value)
{
    // The value is not repeated: a URL may carry a password.
    if (http::parse_url(value)) return "";
    return "is no address of the form https://host/path";
}

std::string_view kind_name(const Variable& variable)
{
    switch (variable.kind) {
        case text:
            return "text";
        case secret:
            return "secret";
        case boolean:
            return "true or false";
        case integer:
            return "number";
        case url:
        case secret_url:
            return "URL";
        case choice:
            return "one of";
    }
    __builtin_unreachable();
}

/// What a value may be, for the table of docs/configuration.md.
std::string domain_of(const Variable& variable)
{
    std::string result(kind_name(variable));
    if (variable.kind == choice) {
        std::string choices = variable.choices;
        for (std::size_t at = 0; (at = choices.find('|', at)) != std::string::npos; at += 2)
            choices.replace(at, 1, ", ");
        result += " " + choices;
    }
    if (variable.kind == integer)
        result += variable.max == unbounded ? fmt::format(", {} or more", variable.min)
                                            : fmt::format(", {} to {}", variable.min, variable.max);
    return result;
}

constexpr std::string_view page_head = R"(# Configuration

Settings come from the environment, then from a `.env` file in the working directory, then from the defaults below.
A variable that is set to nothing counts as unset. Field mappings come from a TOML file. A secret can be kept in a file:
where a table says `_FILE`, set `NAME_FILE` to the file's path instead of `NAME` to the value. Line breaks at the file's
end are dropped; to set both is an error. A credential of systemd (`LoadCredential=BREVO_API_KEY:/path`) with such a
name counts as its file. All problems are reported at once, before anything opens:

```
crmsync config
```

prints what is in force and where each value came from (secrets as `***`), `crmsync doctor` also tries it out.
This page is made from the program's own table by `crmsync config --page`, `.env.example` by `crmsync config
--env-example`; a test keeps them equal.
)";

constexpr std::string_view page_tail = R"page(
## Field mappings

`crmsync.toml` (or the file `CRMSYNC_CONFIG` names) adds, changes and removes fields, per CRM. The left side is the
field's name at the CRM, the right side says where its value comes from:

```toml
[brevo.fields]
JOB = "context"                                              # adds a field
PAGE_ID = false                                              # removes a default
EMAIL_TYPE = { rename = "KIND" }                             # sends a default to another field
LASTNAME = { from = "last_name", transform = ["upper"] }     # changes a default
GREETING = { template = "Hello {first_name} ({email})" }     # put together
ORIGIN = { value = "crmsync" }                               # the same for every contact
LEAD = { value = true }
NICKNAME = { from = "name", transform = ["first_word", "lower"], default = "friend" }
NOTE = { from = "context", empty = "clear" }                 # emptied at the CRM where the contact has none
```

What this sends, of a contact with everything and of one with an address alone:

| field | Ann van der Lee, ann@example.com, (202) 456-1111, CORPORATE, "Plumber" | bob@example.com |
|---|---|---|
| `FIRSTNAME` | Ann |  |
| `LASTNAME` | VAN DER LEE |  |
| `SMS` | +12024561111 |  |
| `KIND` | CORPORATE |  |
| `GREETING` | Hello Ann (ann@example.com) | Hello (bob@example.com) |
| `JOB` | Plumber |  |
| `LEAD` | true | true |
| `NICKNAME` | ann | friend |
| `NOTE` | Plumber | (emptied) |
| `ORIGIN` | crmsync | crmsync |

What a field takes:

- `from`: a field of the contact. `email`, `name`, `first_name`, `last_name`, `phone`, `email_type`, `has_gmail`,
  `context`, `source_url`, `domain_id`, `page_id`, `source_job_id`, `contact_id`, `synced_at` (the time of sending).
  `X = "phone"` is short for `X = { from = "phone" }`.
- `value`: a constant. A text, a number, a date, `true` or `false`.
- `template`: a text with fields of the contact in braces; `{{` and `}}` are braces. What the contact holds is never
  read as a template.
- `rename`: the new name of a default, whose rule stays. Goes alone.
- `type`: `text`, `phone_e164`, `boolean`, `number`, `date`, `datetime`. Left out: `phone` goes in E.164, `has_gmail` as
  a boolean, `synced_at` as a datetime, a constant as it is written, everything else as text.
- `transform`: what is done to the text, in order. `trim`, `lower`, `upper`, `e164`, `first_word`, `rest` (all but the
  first word).
- `default`: sent where the value is empty.
- `empty`: `"leave"` (usual): an empty value is not sent, the CRM keeps what it has. `"clear"`: the field is emptied.
- `unique`: `true` where the CRM takes the value from one contact alone. One that it refuses for it is sent without.
- `consent`: see below.

A field has one of `from`, `value`, `template` and `rename`. A value that is not of its type is left out with a warning.
Every mistake in the file is reported at start, with its line. Fields that the CRM lacks are made by `crmsync setup`;
those it has with another type are left out, which `crmsync doctor` tells.

**Consent.** Fields that say whether a contact wants mail (Brevo `emailBlacklisted`, `OPT_IN` and the like, HubSpot
`hs_email_optout...` and `hs_marketable_status`, Mautic `doNotContact`) are refused unless marked, and then only ever
take consent away: a value that would turn a contact on is left out with a warning, for the contact may have opted out.

```toml
[hubspot.fields]
hs_email_optout = { from = "context", type = "boolean", consent = true }   # goes when it is true
```

`crmsync preview brevo ID --explain` shows what would be sent and which rule made it.
)page";

}  // namespace

const std::vector<Variable>& variables()
{
    static const std::vector<Variable> all = make_variables();
    return all;
}

const Variable* find_variable(std::string_view name)
{
    const auto found = std::ranges::find(variables(), name, &Variable::name);
    return found == variables().end() ? nullptr : &*found;
}

std::string file_variable(const Variable& variable)
{
    const bool may_hold_password = variable.group == "Database" && variable.name.ends_with("_URL");
    return variable.kind == secret || variable.kind == secret_url || may_hold_password ? variable.name + "_FILE" : "";
}

std::string_view similar_variable(std::string_view name)
{
    constexpr std::size_t slip_max = 3;
    std::string_view best;
    std::size_t best_distance = slip_max + 1;
    for (const Variable& variable : variables()) {
        const std::size_t distance = edit_distance(upper(name), variable.name);
        if (distance < best_distance) {
            best_distance = distance;
            best = variable.name;
        }
    }
    return best;
}

bool is_true(std::string_view value) { return value == "true" || value == "1" || value == "yes" || value == "on"; }

std::string check(const Variable& variable, std::string_view value)
{
    if (value.empty()) return "";
    switch (variable.kind) {
        case text:
        case secret:
            return "";
        case boolean:
            return is_true(value) || value == "false" || value == "0" || value == "no" || value == "off"
                       ? ""
                       : fmt::format("is \"{}\"; set it to true or false", value);
        case integer:
            return check_integer(variable, value);
        case url:
        case secret_url:
            return check_url(value);
        case choice:
            return check_choice(variable, value);
    }
    __builtin_unreachable();
}

std::string env_example()
{
    std::string result =
        "# Every setting of crmsync with its default. Copy to .env and change what you need; a variable set to\n"
        "# nothing counts as unset. docs/configuration.md has the same table.\n";
    std::string_view group;
    for (const Variable& variable : variables()) {
        if (group != variable.group) result += fmt::format("\n# ---- {}\n", group = variable.group);
        result += fmt::format("\n# {}\n", variable.help);
        if (const std::string file = file_variable(variable); !file.empty())
            result += fmt::format("# Or the file that holds it: {}=\n", file);
        result += fmt::format("{}={}\n", variable.name, variable.fallback);
    }
    return result;
}

std::string configuration_page()
{
    std::string result(page_head);
    std::string_view group;
    for (const Variable& variable : variables()) {
        if (group != variable.group)
            result +=
                fmt::format("\n## {}\n\n| variable | default | value | |\n|---|---|---|---|\n", group = variable.group);
        result +=
            fmt::format("| `{}` | {} | {} | {} |\n", variable.name,
                        variable.fallback.empty() ? "" : fmt::format("`{}`", variable.fallback),
                        domain_of(variable) + (file_variable(variable).empty() ? "" : "; or `_FILE`"), variable.help);
    }
    return result + std::string(page_tail);
}

}  // namespace crmsync::app
