// A web application. With an address ("web_app 127.0.0.1:8080") it serves until SIGINT; without one it asks itself what
// a browser would, prints the answers, and ends with 0 when they are right.

#include <asio/io_context.hpp>
#include <fmt/core.h>
#include <string>

#include "hourglass/http/cookies.h"
#include "hourglass/http/coroutine.h"
#include "hourglass/http/form.h"
#include "hourglass/http/router.h"
#include "hourglass/runtime/os_http.h"
#include "hourglass/runtime/os_loop.h"
#include "hourglass/runtime/serve.h"

using namespace hourglass;
using http::Request;
using http::Response;
using http::Status;
using http::Task;

namespace {

http::Router make_app() {
    http::Router app;
    app.get("/",
            [](const Request&) { return Response::html("<form method=post action=/sign><input name=who></form>"); });
    app.get("/length/{word}", [](const Request& request) {
        return Response::json(fmt::format(R"({{"length": {}}})", request.parameter("word").size()));
    });
    app.post("/sign", [](const Request& request) {
        const auto form = http::read_form(request);
        if (!form) return form.error();
        Response response = Response::redirect(Status::see_other, "/who");
        set_cookie(response, {.name = "who", .value = std::string(form->get("who").value_or("nobody")), .path = "/"});
        return response;
    });
    app.get("/who", [](const Request& r) {
        return Response::text(Status::ok, std::string(http::cookie(r.fields, "who").value_or("?")));
    });
    app.redirect("/size/{word}", "/length/{word}", Status::temporary_redirect);
    return app;
}

/// What is asked, and what the answer has to begin with.
struct Question {
    http::Method method;
    std::string target;
    std::string cookie;
    std::string body;
    std::string expected;
};

Task<void> ask_all(runtime::OsClient& client, bool& right) {
    const Question questions[] = {
        {http::Method::get, "/length/glass", "", "", "200 {\"length\": 5}"},
        {http::Method::post, "/sign", "", "who=Ada", "303 /who who=Ada; Path=/"},
        {http::Method::get, "/who", "who=Ada", "", "200 Ada"},
        {http::Method::post, "/size/glass", "", "", "307 /length/glass"},
        {http::Method::delete_, "/who", "", "", "405"},
    };
    right = true;
    for (const Question& question : questions) {
        Request request;
        request.method = question.method;
        request.target = question.target;
        request.body = question.body;
        request.fields = {{"Host", "localhost"}};
        if (!question.cookie.empty()) request.fields.add("Cookie", question.cookie);
        if (!question.body.empty()) request.fields.add("Content-Type", "application/x-www-form-urlencoded");
        const auto answer = co_await http::fetch(client, std::move(request));
        std::string text = answer ? fmt::format("{}", http::to_number(answer->status)) : answer.error().text;
        if (answer) {
            for (const char* field : {"Location", "Set-Cookie"})
                if (const auto value = answer->fields.get(field)) text += fmt::format(" {}", *value);
            if (answer->status == Status::ok) text += " " + answer->body;
        }
        fmt::print("{} {} -> {}\n", question.method.name(), question.target, text);
        right = right && text == question.expected;
    }
}

int ask_itself(const http::Application& application) {
    asio::io_context context(1);
    runtime::OsLoop loop(context);
    runtime::OsServer server(loop, application);
    const auto at = server.listen(SocketAddress{IpAddress::v4(127, 0, 0, 1), Port{0}});
    if (!at) {
        fmt::print(stderr, "{}\n", at.error().message);
        return 1;
    }
    runtime::OsClient client(loop, *at);
    bool right = false;
    http::start([](runtime::OsClient& asked, bool& all_right, asio::io_context& until) -> Task<void> {
        co_await ask_all(asked, all_right);
        until.stop();
    }(client, right, context));
    context.run();
    return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const http::Router app = make_app();
    if (argc < 2) return ask_itself(app.application());
    const auto address = SocketAddress::parse(argv[1]);
    if (!address) {
        fmt::print(stderr, "'{}' is not an address with a port: try 127.0.0.1:8080\n", argv[1]);
        return 2;
    }
    const auto served = runtime::serve(app.application(), *address);
    if (!served) fmt::print(stderr, "{}\n", served.error().message);
    return served ? 0 : 1;
}
