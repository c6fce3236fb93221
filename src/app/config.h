#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/secret.h"
#include "app/variables.h"
#include "connectors/connector.h"
#include "domain/crm.h"
#include "domain/field_mapping.h"
#include "domain/role.h"
#include "engine/connector_run.h"
#include "http/server.h"

namespace crmsync::app {

/// Something in the configuration that a person must mend (or, as a warning, may want to).
struct Problem {
    std::string where;    ///< The variable's name, or "file:line".
    std::string message;  ///< What is wrong and what to do; reads on after `where`. Never holds a secret.
    bool operator==(const Problem&) const = default;
};
std::string to_string(const Problem& problem);

/// Where settings come from, as text: but for `read_secret`, reading them is pure.
struct Sources {
    std::map<std::string, std::string, std::less<>> environment;  ///< Only names of `variables()`, also with _FILE.
    std::string home;                                             ///< $HOME; may be empty.
    std::string xdg_state_home;                                   ///< $XDG_STATE_HOME; may be empty.
    std::string env_file_path;
    std::optional<std::string> env_file;  ///< Its text; nothing: there is no such file.
    std::string toml_path;
    std::optional<std::string> toml;
    std::vector<Problem> problems;  ///< Files that were named and could not be read.
    /// The text of a file that a NAME_FILE names; nothing when it cannot be read.
    std::function<std::optional<std::string>(const std::string& path)> read_secret = [](const std::string&) {
        return std::nullopt;
    };
};

struct CrmConfig {
    RunOptions run;
    Settings settings;  ///< All variables of this CRM that have a value, without prefix. Holds secrets.
    std::vector<FieldChange> fields;
    bool configured = false;  ///< Its credentials are there.
    std::string missing;      ///< When not: "BREVO_API_KEY not configured".
};

/// Who is told of trouble, and how.
struct AlertConfig {
    std::string smtp_url;  ///< Empty: no mail is sent.
    std::string smtp_username;
    Secret smtp_password;
    std::string smtp_from;
    std::string smtp_tls;            ///< auto, required, off.
    PerCrm<std::string> recipients;  ///< Of mail; empty: none.
    std::string webhook_url;         ///< Empty: none is called.
    Secret webhook_secret;
    Duration after = 60s;
    Duration digest_every = 60min;
};

/// A variable's value in force.
struct Setting {
    const Variable* variable = nullptr;
    std::string value;
    std::string origin;  ///< "environment", ".env:3", "/run/secrets/key", "default".
};

struct Config {
    std::filesystem::path state_dir;
    std::string database_url;          ///< Always set.
    bool database_configured = false;  ///< DATABASE_URL is set.
    std::string database_direct_url;
    std::size_t database_pool_size = 8;
    std::string listen_address;
    std::uint16_t listen_port = 0;
    bool api_docs = true;
    std::optional<http::TlsFiles> tls;
    std::vector<http::Network> trusted_proxies;
    std::vector<std::string> cors_origins;
    std::size_t max_connections = 0;
    std::size_t max_connections_per_client = 0;
    std::size_t requests_per_second = 0;  ///< Of each caller; 0: no limit.
    std::size_t confirm_above = 10'000;   ///< Contacts that an action by filter meets unasked; 0: any number.
    http::Outbound outbound;
    bool open_metrics = false;    ///< /metrics of the API needs no token.
    std::string metrics_address;  ///< Where metrics are served beside the API; "": they are not.
    std::uint16_t metrics_port = 0;
    std::size_t exchanges_kept = 0;  ///< Of each connector, for people to look at.
    std::string log_level;
    std::string log_format;  ///< auto, pretty, json.
    std::string phone_region;
    std::chrono::days history_kept{90};
    Secret jwt_secret;  ///< Empty: see `token_key`.
    Secret key;         ///< Empty: see `sealing_key`.
    std::string jwt_audience;
    std::string jwt_issuer;
    std::string jwt_jwks;
    std::string jwt_role_claim;
    std::optional<Role> jwt_default_role;
    std::chrono::seconds jwt_leeway{30};
    PerCrm<CrmConfig> crm;
    AlertConfig alerts;

    std::vector<Setting> settings;  ///< In the order of `variables()`.
    std::vector<Problem> warnings;

    bool any_crm_configured() const;
    /// Nothing real to work on: no CRM and no database was named.
    bool is_rehearsal() const { return !database_configured && !any_crm_configured(); }
};

/// Reads the environment and the files it names. The only place of the program that looks at the environment.
Sources gather_sources();
/// Order: environment, `.env`, defaults; field mappings from TOML. Pure; reports all problems.
std::expected<Config, std::vector<Problem>> read_config(const Sources& sources);

/// The directory for what stays on this machine: contacts and keys, so nobody else may look in.
Status make_state_dir(const Config& config);

/// The key that signs tokens: the configured one, or else the one kept in the state directory, made (mode 0600) when
/// there is none.
Result<Secret> token_key(const Config& config);

/// The key that seals what is kept of CRMs' tokens: the configured one, or else the one kept in the state
/// directory, made (mode 0600) when there is none.
Result<Secret> sealing_key(const Config& config);

/// "sqlite:/path": the database's address without its password, for logs.
std::string without_password(const std::string& url);

/// The terminal wishes no colour (https://no-color.org).
bool no_color();

}  // namespace crmsync::app
