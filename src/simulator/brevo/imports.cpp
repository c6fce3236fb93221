#include "simulator/brevo/imports.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

namespace crmsync::simulator::brevo {

namespace {

constexpr std::size_t max_body_bytes = 10u << 20;

constexpr std::array report_names{"invalid_emails",
                                  "duplicate_contact_id",
                                  "duplicate_ext_id",
                                  "duplicate_email_id",
                                  "duplicate_phone_id",
                                  "duplicate_whatsapp_id",
                                  "duplicate_landline_number_id"};

std::string report_for(const Problem& problem)
{
    if (problem.duplicates.empty()) return "invalid_emails";
    const std::string_view identifier = problem.duplicates.front();
    if (identifier == "ext_id") return "duplicate_ext_id";
    if (identifier == "SMS") return "duplicate_phone_id";
    if (identifier == "WHATSAPP") return "duplicate_whatsapp_id";
    if (identifier == "LANDLINE_NUMBER") return "duplicate_landline_number_id";
    return "duplicate_email_id";
}

bool flag(const json::object& body, std::string_view name, bool otherwise)
{
    const auto* value = body.if_contains(name);
    return value && value->is_bool() ? value->get_bool() : otherwise;
}

std::int64_t to_id(const std::string& text)
{
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    return error == std::errc{} && end == text.data() + text.size() ? id : 0;
}

/// Takes one record off the text; quotes may hold separators and doubled quotes.
std::vector<std::string> take_record(std::string_view& text)
{
    std::vector<std::string> fields(1);
    bool quoted = false;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            fields.back() += text[++i];
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == ';') {
            fields.emplace_back();
        } else if (!quoted && c == '\n') {
            ++i;
            break;
        } else if (quoted || c != '\r') {
            fields.back() += c;
        }
    }
    text.remove_prefix(i);
    return fields;
}

}  // namespace

json::array parse_csv(std::string_view text)
{
    json::array rows;
    const auto names = take_record(text);
    while (!text.empty()) {
        const auto fields = take_record(text);
        if (fields.size() == 1 && fields[0].empty()) continue;
        json::object attributes;
        json::object row;
        for (std::size_t i = 0; i < std::min(names.size(), fields.size()); ++i) {
            std::string name = names[i];
            std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
            if (name == "EMAIL")
                row["email"] = fields[i];
            else
                attributes[name] = fields[i];
        }
        row["attributes"] = std::move(attributes);
        rows.push_back(std::move(row));
    }
    return rows;
}

void Imports::add_to(Routes& routes)
{
    using http::Method;
    routes.add(Method::post, "/contacts/import", [this](const Call& call, const Params&) { return import(call); });
    routes.add(Method::get, "/processes", [this](const Call& call, const Params&) { return list(call); });
    routes.add(Method::get, "/processes/{id}", [this](const Call&, const Params& params) { return get(params); });
    routes.add(Method::get, std::string(reports) + "{id}/{reason}",
               [this](const Call&, const Params& params) { return report(params); });
}

std::optional<Problem> Imports::read_target(const json::object& body) const
{
    const auto* lists = body.if_contains("listIds");
    const auto* created = body.if_contains("newList");
    if (!lists && !created) return missing("Either listIds or newList is required");
    if (lists) {
        if (!lists->is_array() || lists->get_array().empty()) return invalid("listIds should be type array");
        for (const auto& id : lists->get_array()) {
            if (!id.is_int64()) return invalid("listIds should be an array of numbers");
            if (!state_.lists.contains(id.get_int64())) return invalid("List ID does not exist");
        }
        return std::nullopt;
    }
    const auto* object = created->if_object();
    if (!object) return invalid("newList should be type object");
    const auto* name = object->if_contains("listName");
    const auto* folder = object->if_contains("folderId");
    if (!name || !name->is_string()) return missing("listName is missing");
    if (!folder || !folder->is_int64()) return missing("folderId is missing");
    if (!state_.folders.contains(folder->get_int64())) return invalid("Folder ID does not exist");
    return std::nullopt;
}

std::optional<Problem> Imports::check(const json::object& body, std::size_t size) const
{
    const auto* rows = body.if_contains("jsonBody");
    const auto* file = body.if_contains("fileBody");
    const auto* url = body.if_contains("fileUrl");
    if (!rows && !file && !url) return missing("One of fileUrl, fileBody and jsonBody is required");
    if (rows && !rows->is_array()) return invalid("jsonBody should be type array");
    if (file && !file->is_string()) return invalid("fileBody should be type string");
    if (url && !url->is_string()) return invalid("fileUrl should be type string");
    if (size > max_body_bytes) return invalid("The body exceeds the maximum size of 10 MB");
    return read_target(body);
}

http::ServerResponse Imports::import(const Call& call)
{
    auto body = read_object(call.request);
    if (!body) return reply(body.error());
    if (auto problem = check(*body, call.request.body.size())) return reply(*problem);
    if (const auto* created = body->if_contains("newList"); created && !body->contains("listIds")) {
        const std::int64_t id = state_.next_list++;
        state_.lists[id] = {.name = std::string(created->at("listName").get_string()),
                            .folder = created->at("folderId").get_int64(),
                            .created = state_.now};
        (*body)["listIds"] = json::array{id};
    }
    const std::int64_t id = state_.next_process++;
    Process& process = state_.processes[id];
    process.started = state_.now;
    process.due = state_.now + state_.options.import_time;
    process.request = std::move(*body);
    process.origin = "http://" + std::string(call.request.headers.find("host").value_or("localhost"));
    const auto prefix = std::string_view(call.request.path).substr(0, call.request.path.size() - call.path.size());
    process.origin += std::string(prefix) + std::string(reports) + std::to_string(id) + "/";
    pending_.push_back(id);
    return reply(202, json::object{{"processId", id}});
}

void Imports::settle()
{
    if (pending_.empty()) return;
    std::erase_if(pending_, [this](std::int64_t id) {
        const auto found = state_.processes.find(id);
        if (found == state_.processes.end()) return true;
        if (found->second.due > state_.now) return false;
        run(found->second);
        return true;
    });
}

void Imports::run(Process& process)
{
    const auto* rows = process.request.if_contains("jsonBody");
    const auto* file = process.request.if_contains("fileBody");
    if (rows || file) {
        const json::array parsed = rows ? rows->get_array() : parse_csv(file->get_string());
        for (const auto& row : parsed)
            if (const auto* object = row.if_object()) import_row(*object, process.request, process.reports);
        process.status = "completed";
    } else {
        process.status = "failed";  // Nothing outside is ever fetched.
    }
    process.request.clear();
}

void Imports::import_row(const json::object& row, const json::object& request,
                         std::map<std::string, std::string>& files)
{
    const auto* email = row.if_contains("email");
    const std::string address = email && email->is_string() ? std::string(email->get_string()) : std::string{};
    const auto refuse = [&](const std::string& reason) {
        std::string& csv = files[reason];
        if (csv.empty()) csv = "EMAIL\n";
        csv += address + "\n";
    };
    json::object contact;
    for (const auto* name : {"email", "ext_id", "attributes"})
        if (const auto* value = row.if_contains(name)) contact[name] = *value;
    const bool blanks_erase = flag(request, "emptyContactsAttributes", false);
    if (auto* attributes = contact.if_contains("attributes"); attributes && attributes->is_object() && !blanks_erase) {
        json::object kept;
        for (const auto& [name, value] : attributes->get_object())
            if (!value.is_null() && !(value.is_string() && value.get_string().empty())) kept[name] = value;
        *attributes = std::move(kept);
    }
    auto draft = contacts_.read(contact, {});
    if (!draft) return refuse(report_for(draft.error()));
    for (const auto& id : request.at("listIds").get_array()) draft->lists.push_back(id.get_int64());
    const auto& key = draft->key(Identifier::email);
    const bool exists = key && state_.find(Identifier::email, *key) != nullptr;
    if (exists && !flag(request, "updateExistingContacts", true)) {
        draft->attributes.clear();  // It joins the lists all the same.
        for (const auto identifier : identifiers)
            if (identifier != Identifier::email) draft->key(identifier).reset();
    }
    if (flag(request, "emailBlacklist", false)) draft->email_blacklisted = true;
    if (flag(request, "smsBlacklist", false)) draft->sms_blacklisted = true;
    draft->update_enabled = true;
    if (const auto written = contacts_.upsert(*draft); !written) refuse(report_for(written.error()));
}

std::string Imports::status(const Process& process) const
{
    if (process.status != "queued") return process.status;
    return state_.now - process.started < (process.due - process.started) / 2 ? "queued" : "in_process";
}

json::object Imports::render(std::int64_t id, const Process& process) const
{
    json::object body{{"id", id}, {"name", "IMPORTUSER"}, {"status", status(process)}};
    if (process.status != "completed") return body;
    json::object files;
    for (const auto* name : report_names) {
        if (process.reports.contains(name))
            files[name] = process.origin + name + ".csv";
        else
            files[name] = nullptr;
    }
    body["info"] = json::object{{"import", std::move(files)}};
    return body;
}

http::ServerResponse Imports::get(const Params& params) const
{
    const auto found = state_.processes.find(to_id(params["id"]));
    if (found == state_.processes.end())
        return reply(Problem{.status = 404, .code = "invalid_parameter", .message = "processId is invalid"});
    return reply(200, render(found->first, found->second));
}

http::ServerResponse Imports::list(const Call& call) const
{
    const auto page = read_page(call.request, 10, 50);
    if (!page) return reply(page.error());
    json::array rows;
    std::size_t skipped = 0;
    for (auto it = state_.processes.rbegin(); it != state_.processes.rend() && rows.size() < page->limit; ++it)
        if (skipped++ >= page->offset) rows.push_back(render(it->first, it->second));
    return reply(200, json::object{{"processes", std::move(rows)}, {"count", state_.processes.size()}});
}

http::ServerResponse Imports::report(const Params& params) const
{
    const auto process = state_.processes.find(to_id(params["id"]));
    const std::string& file = params["reason"];
    const std::string reason = file.ends_with(".csv") ? file.substr(0, file.size() - 4) : file;
    if (process == state_.processes.end() || !process->second.reports.contains(reason))
        return reply(not_found("Report does not exist"));
    http::ServerResponse response;
    response.headers.add("Content-Type", "text/csv");
    response.body = process->second.reports.at(reason);
    return response;
}

}  // namespace crmsync::simulator::brevo
