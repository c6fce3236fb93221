#include "simulator/mautic/contacts.h"

#include "tests/simulator/mautic/installation.h"

namespace crmsync::simulator::testing {
namespace {

class MauticContacts : public MauticTest {};

TEST_F(MauticContacts, CreatesAndUpdatesByAddressInAnyCase)
{
    start();
    const auto created = create(R"({"email":"Elly@Example.com","firstname":"Elly"})");
    EXPECT_EQ(created.status, 201);
    EXPECT_EQ(created.headers.find("location"), "/api/contacts/1");
    const auto updated = create(R"({"email":"elly@example.COM","lastname":"Roger"})");
    EXPECT_EQ(updated.status, 200);
    EXPECT_EQ(updated.body.at("contact").at("id"), 1);
    EXPECT_EQ(value("elly@example.com", "firstname"), "Elly");
    EXPECT_EQ(value("elly@example.com", "lastname"), "Roger");
}

TEST_F(MauticContacts, LeavesBlanksAndZerosAlone)
{
    start();
    api(Method::post, "/fields/contact/new", R"({"label":"Seats","alias":"seats","type":"number"})");
    api(Method::post, "/fields/contact/new",
        R"({"label":"Paid","alias":"paid","type":"boolean","properties":{"yes":"Yes","no":"No"}})");
    create(R"({"email":"a@b.io","firstname":"A","lastname":"B","seats":7,"paid":true})");
    create(R"({"email":"a@b.io","firstname":"","lastname":"0.5","seats":0,"paid":false})");
    EXPECT_EQ(value("a@b.io", "firstname"), "A");
    EXPECT_EQ(value("a@b.io", "lastname"), "B");
    EXPECT_EQ(value("a@b.io", "seats"), 7);
    EXPECT_EQ(value("a@b.io", "paid"), true);
    api(Method::patch, "/contacts/1/edit", R"({"firstname":"","overwriteWithBlank":true})");
    EXPECT_EQ(value("a@b.io", "firstname"), nullptr);
    EXPECT_EQ(value("a@b.io", "lastname"), "B");
    create(R"({"email":"a@b.io","overwriteWithBlank":true})");
    EXPECT_EQ(value("a@b.io", "lastname"), nullptr) << "the form takes what was not sent for blank";
}

TEST_F(MauticContacts, AnswersBatchesByPosition)
{
    start();
    const auto good = batch(R"([{"email":"a@b.io"},{"email":"c@d.io"}])");
    EXPECT_EQ(good.status, 201);
    EXPECT_TRUE(good.body.at("contacts").is_array());
    EXPECT_FALSE(good.body.as_object().contains("errors"));
    const auto mixed = batch(R"([{"email":"nope"},{"email":"a@b.io"},{"email":"new@b.io"}])");
    EXPECT_EQ(mixed.status, 201);
    EXPECT_EQ(mixed.body.at("statusCodes"), (json::array{400, 200, 201}));
    EXPECT_TRUE(mixed.body.at("errors").is_array()) << "a list, since it begins at 0";
    EXPECT_EQ(mixed.body.at("contacts").at("2").at("id"), 3);
    const auto last = batch(R"([{"email":"a@b.io"},{"email":"nope"}])");
    EXPECT_TRUE(last.body.at("contacts").is_array());
    EXPECT_EQ(last.body.at("errors").at("1").at("message"), "email: nope is invalid.");
    EXPECT_EQ(last.body.at("errors").at("1").at("type"), nullptr);
}

TEST_F(MauticContacts, RefusesMoreThanItsLimit)
{
    start();
    settings(R"({"batch_limit":2})");
    const auto refused = batch(R"([{"email":"a@b.io"},{"email":"c@d.io"},{"email":"e@f.io"}])");
    EXPECT_EQ(refused.status, 500);
    EXPECT_EQ(error_of(refused).at("message"), "A max of 2 entities are supported at a time.");
    EXPECT_EQ(state("contacts"), 0);
}

TEST_F(MauticContacts, OverlappingCreatesMakeDoubles)
{
    start();
    faults(R"([{"match":{"crm":"mautic"},"effect":{"latency_ms":200}}])");
    int answers = 0;
    const auto race = [&] {
        for (int i = 0; i < 2; ++i) {
            http::Request request{
                .method = Method::post, .target = "/mautic/api/contacts/new", .body = R"({"email":"a@b.io"})"};
            request.headers = {{"Content-Type", "application/json"}, {"Authorization", basic}};
            asio::co_spawn(loop_.context, send(std::move(request)),
                           [&](std::exception_ptr, const Reply& reply) { answers += reply.status == 201 ? 1 : 100; });
        }
        loop_.context.restart();
        while (!clock_.until_next()) loop_.context.run_one();
        while (answers % 100 + answers / 100 < 2) {
            if (loop_.context.poll_one() == 0) clock_.advance(200ms);
        }
    };
    race();
    EXPECT_EQ(answers, 2);
    EXPECT_EQ(state("contacts"), 2);
    EXPECT_EQ(state("duplicates"), 1);
    control(Method::delete_, "/faults");
    EXPECT_EQ(create(R"({"email":"a@b.io"})").body.at("contact").at("id"), 2) << "the newest";
    api(Method::delete_, "/contacts/2/delete");
    EXPECT_EQ(state("duplicates"), 0);
}

TEST_F(MauticContacts, MarksAndOptOutsStay)
{
    start();
    create(R"({"email":"a@b.io"})");
    EXPECT_EQ(api(Method::post, "/contacts/1/dnc/email/add", R"({"reason":0})").status, 400);
    const auto marked = api(Method::post, "/contacts/1/dnc/email/add", R"({"reason":1,"comments":"asked"})");
    EXPECT_EQ(marked.body.at("contact").at("doNotContact").at(0).at("reason"), 1);
    const auto updated = create(R"({"email":"a@b.io","firstname":"A"})");
    EXPECT_EQ(updated.body.at("contact").at("doNotContact").as_array().size(), 1u);
    EXPECT_EQ(state("consent_writes"), 1);
    create(R"({"email":"a@b.io","doNotContact":[{"channel":"email","reason":0}]})");
    EXPECT_EQ(state("consent_writes"), 2);
    EXPECT_TRUE(api(Method::get, "/contacts/1").body.at("contact").at("doNotContact").as_array().empty());
    api(Method::post, "/contacts/1/dnc/email/add", R"({"reason":1})");
    api(Method::post, "/contacts/1/dnc/email/remove", "{}");
    EXPECT_TRUE(api(Method::get, "/contacts/1").body.at("contact").at("doNotContact").as_array().empty());
}

TEST_F(MauticContacts, EditingAnothersAddressMergesTheTwo)
{
    start();
    create(R"({"email":"a@b.io","firstname":"A","tags":["x"]})");
    create(R"({"email":"c@d.io"})");
    api(Method::patch, "/contacts/2/edit", R"({"email":"a@b.io"})");
    EXPECT_EQ(state("contacts"), 1);
    EXPECT_EQ(value("a@b.io", "firstname"), "A");
    EXPECT_EQ(value("c@d.io", "email"), nullptr);
}

TEST_F(MauticContacts, FindsByAnyUniqueField)
{
    start();
    api(Method::post, "/fields/contact/new", R"({"label":"Key","alias":"key","isUniqueIdentifier":true})");
    create(R"({"email":"a@b.io","key":"k1"})");
    const auto updated = create(R"({"email":"new@b.io","key":"k1"})");
    EXPECT_EQ(updated.status, 200);
    EXPECT_EQ(updated.body.at("contact").at("id"), 1);
    EXPECT_EQ(value("new@b.io", "key"), "k1");
}

TEST_F(MauticContacts, TagsAreAddedAndTakenAway)
{
    start();
    create(R"({"email":"a@b.io","tags":["x","y"]})");
    const auto changed = create(R"({"email":"a@b.io","tags":["-x","z"]})");
    json::array names;
    for (const auto& tag : changed.body.at("contact").at("tags").as_array()) names.push_back(tag.at("tag"));
    EXPECT_EQ(names, (json::array{"y", "z"}));
}

TEST_F(MauticContacts, RejectsOneOfABatchOnDemand)
{
    start();
    faults(R"([{"match":{"crm":"mautic","email":"bad@b.io"},"effect":{"kind":"reject"}}])");
    const auto mixed = batch(R"([{"email":"a@b.io"},{"email":"bad@b.io"}])");
    EXPECT_EQ(mixed.body.at("statusCodes"), (json::array{201, 400}));
    faults(R"([{"match":{"crm":"mautic"},"effect":{"kind":"drop_attributes","attributes":["firstname"]}}])");
    create(R"({"email":"a@b.io","firstname":"A","lastname":"B"})");
    EXPECT_EQ(value("a@b.io", "firstname"), nullptr);
    EXPECT_EQ(value("a@b.io", "lastname"), "B");
}

TEST_F(MauticContacts, DeletesInBatches)
{
    start();
    batch(R"([{"email":"a@b.io"},{"email":"c@d.io"}])");
    const auto gone = api(Method::delete_, "/contacts/batch/delete?ids=1,9,2");
    EXPECT_EQ(gone.body.at("statusCodes"), (json::array{200, 404, 200}));
    EXPECT_EQ(gone.body.at("errors").at("1").at("type"), "api");
    EXPECT_EQ(state("contacts"), 0);
}

}  // namespace
}  // namespace crmsync::simulator::testing
