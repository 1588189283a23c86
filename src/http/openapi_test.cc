#include "http/openapi.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "base/yaml.h"

namespace slipway::http {
namespace {

constexpr std::string_view kDocument = R"(
openapi: 3.0.3
paths:
  /clusters/{clusterName}:
    parameters:
      - {$ref: '#/components/parameters/clusterName'}
    get:
      operationId: Describe
      parameters:
        - {name: dryrun, in: query, schema: {type: boolean, default: false}}
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 10}}
        - {name: ratio, in: query, schema: {type: number}}
        - {name: state, in: query, schema: {type: array, uniqueItems: true, items: {type: string, enum: [A, B]}}}
        - {name: filters, in: query, style: spaceDelimited, schema: {type: array, items: {type: string}}}
        - {name: status, in: query, required: true, schema: {type: string, pattern: '^[A-Z]+$'}}
        - {name: X-Trace, in: header, schema: {type: string, maxLength: 3}}
    put:
      operationId: Create
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Body'}}}
components:
  parameters:
    clusterName: {name: clusterName, in: path, required: true, schema: {$ref: '#/components/schemas/Name'}}
  schemas:
    Name: {type: string, pattern: '^[a-zA-Z][a-zA-Z0-9-]+$', minLength: 2}
    Body:
      type: object
      required: [clusterConfiguration, clusterName]
      properties:
        clusterName: {$ref: '#/components/schemas/Name'}
        clusterConfiguration: {type: string}
        note: {type: string, nullable: true}
        tags: {type: array, maxItems: 2, uniqueItems: true, items: {type: object, additionalProperties: false,
               required: [key], properties: {key: {type: string}}}}
        tree: {$ref: '#/components/schemas/Tree'}
    Tree: {type: object, properties: {children: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}
)";

base::Result<OpenApi> load(std::string_view yaml) {
  return OpenApi::load(boost::json::serialize(base::parse_yaml(yaml)->to_json()));
}

std::string print(const Violation& violation) {
  static constexpr std::string_view kWhere[] = {"path", "query", "header", "body"};
  std::string text(kWhere[static_cast<int>(violation.where)]);
  if (!violation.name.empty()) text += " " + violation.name;
  text += " /" + base::join(violation.path, "/") + " " + violation.keyword;
  return text + " " + boost::json::serialize(violation.expected) + " " + boost::json::serialize(violation.instance);
}

class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest() {
    request_.path_parameters["clusterName"] = "abc";
    request_.query = {{"status", "OK"}};
  }

  // Every violation as a line: where, name, path, keyword, expected, instance.
  std::string check(const std::string& operation) {
    request_.operation = operation;
    checked_ = api_.check(request_);
    std::vector<std::string> lines;
    for (const auto& violation : checked_.violations) lines.push_back(print(violation));
    return base::join(lines, "\n");
  }
  std::string check_body(std::string body, std::string content_type = "application/json") {
    request_.json.reset();
    request_.body = std::move(body);
    request_.headers = {{"content-type", std::move(content_type)}};
    return check("Create");
  }
  std::string check_query(std::string name, std::string value) {
    request_.query = {{"status", "OK"}, {std::move(name), std::move(value)}};
    return check("Describe");
  }
  std::string parameters() const { return boost::json::serialize(checked_.parameters); }

  OpenApi api_ = *load(kDocument);
  Request request_;
  OpenApi::Checked checked_;
};

TEST_F(OpenApiTest, QueryParametersThatTheOperationDoesNotHaveAreNoViolationsButNamedApart) {
  EXPECT_EQ(check_query("colour", "green"), "");
  ASSERT_EQ(checked_.unknown.size(), 1u);
  EXPECT_EQ(print(checked_.unknown[0]),
            R"(query colour / unknown ["dryrun","limit","ratio","state","filters","status"] "green")");
  EXPECT_EQ(describe(checked_.unknown[0]),
            "There is no query parameter colour; there are dryrun, limit, ratio, state, filters, status.");
}

TEST_F(OpenApiTest, TypesParametersAndFillsDefaultsIn) {
  EXPECT_EQ(check("Describe"), "");
  EXPECT_EQ(parameters(), R"({"clusterName":"abc","dryrun":false,"status":"OK"})");
  request_.query = {{"dryrun", "True"}, {"limit", "9"},       {"limit", "3"},   {"ratio", "0.5"}, {"state", "A,B"},
                    {"other", "x"},     {"filters", "a,b c"}, {"filters", "d"}, {"status", "OK"}};
  EXPECT_EQ(check("Describe"), "");
  EXPECT_EQ(parameters(), R"({"clusterName":"abc","dryrun":true,"limit":3,"ratio":5E-1,"state":["A","B"],)"
                          R"("filters":["a,b","c","d"],"status":"OK"})");
}

TEST_F(OpenApiTest, YieldsWhatIsWrongWithAParameter) {
  EXPECT_EQ(check_query("dryrun", "yes"), R"(query dryrun / type "boolean" "yes")");
  EXPECT_EQ(check_query("limit", "1x"), R"(query limit / type "integer" "1x")");
  EXPECT_EQ(check_query("limit", ""), R"(query limit / type "integer" "")");
  EXPECT_EQ(check_query("limit", "11"), R"(query limit / maximum 10 11)");
  EXPECT_EQ(check_query("state", "A,C"), R"(query state /1 enum ["A","B"] "C")");
  EXPECT_EQ(check_query("state", "A,A"), R"(query state / uniqueItems true ["A","A"])");
  request_.query.clear();
  EXPECT_EQ(check("Describe"), R"(query status / required "status" null)");
  request_.query = {{"status", "ok\n"}};
  EXPECT_EQ(check("Describe"), R"(query status / pattern "^[A-Z]+$" "ok\n")");
  request_.query = {{"status", "OK\n"}};
  EXPECT_EQ(check("Describe"), R"(query status / pattern "^[A-Z]+$" "OK\n")");
}

TEST_F(OpenApiTest, ChecksPathAndHeaderParameters) {
  request_.path_parameters["clusterName"] = "a.b";
  request_.headers = {{"x-trace", "long"}};
  EXPECT_EQ(check("Describe"),
            "path clusterName / pattern \"^[a-zA-Z][a-zA-Z0-9-]+$\" \"a.b\"\n"
            "header X-Trace / maxLength 3 \"long\"");
}

TEST_F(OpenApiTest, CountsCharactersNotBytes) {
  request_.headers = {{"X-Trace", "\xc3\xa9\xc3\xa9\xc3\xa9"}};
  EXPECT_EQ(check("Describe"), "");
}

TEST_F(OpenApiTest, AcceptsABodyThatFitsAndLeavesItParsed) {
  EXPECT_EQ(check_body(R"({"clusterName":"ab","clusterConfiguration":"x","note":null,"more":1})"), "");
  EXPECT_EQ(request_.json->at("clusterName"), "ab");
  EXPECT_EQ(check_body(R"({"clusterName":"ab","clusterConfiguration":"x"})", "application/json; charset=utf-8"), "");
}

TEST_F(OpenApiTest, YieldsPropertiesBeforeMissingOnes) {
  EXPECT_EQ(check_body(R"({"note":5,"clusterName":null})"),
            "body /clusterName type \"string\" null\n"
            "body /note type \"string\" 5\n"
            "body / required \"clusterConfiguration\" "
            R"({"note":5,"clusterName":null})");
}

TEST_F(OpenApiTest, LooksIntoArraysAndSchemasThatContainThemselves) {
  const std::string head = R"({"clusterName":"ab","clusterConfiguration":"x",)";
  EXPECT_EQ(check_body(head + R"("tags":[{"key":"a"},{"key":"a"}]})"),
            R"(body /tags uniqueItems true [{"key":"a"},{"key":"a"}])");
  EXPECT_EQ(check_body(head + R"("tags":[{"kee":"a"}]})"),
            "body /tags/0 required \"key\" {\"kee\":\"a\"}\n"
            "body /tags/0 additionalProperties \"kee\" {\"kee\":\"a\"}");
  EXPECT_EQ(check_body(head + R"("tags":[{"key":"a"},{"key":"b"},{"key":"c"}]})"),
            R"(body /tags maxItems 2 [{"key":"a"},{"key":"b"},{"key":"c"}])");
  EXPECT_EQ(check_body(head + R"("tree":{"children":[{"children":[{"children":3}]}]}})"),
            R"(body /tree/children/0/children/0/children type "array" 3)");
}

TEST_F(OpenApiTest, TellsNoBodyFromNoJsonFromNoJsonType) {
  EXPECT_EQ(check_body(""), "body / requestBody null null");
  EXPECT_EQ(check_body("{"), "body / json null null");
  EXPECT_EQ(check_body(std::string(100, '[') + std::string(100, ']')), "body / json null null");
  EXPECT_EQ(check_body("[]"), R"(body / type "object" [])");
  EXPECT_EQ(check_body("{}", "text/plain"), R"(body / contentType "application/json" "text/plain")");
  request_.headers.clear();
  EXPECT_EQ(check("Create"), R"(body / contentType "application/json" null)");
}

TEST_F(OpenApiTest, ListsItsOperations) {
  ASSERT_EQ(api_.operations().size(), 2U);
  EXPECT_EQ(api_.operations()[1].id, "Create");
  EXPECT_EQ(api_.operations()[1].method, "PUT");
  EXPECT_EQ(api_.operations()[1].path, "/clusters/{clusterName}");
}

TEST_F(OpenApiTest, DescribesAViolationInASentence) {
  check_body(R"({"clusterName":"1"})");
  EXPECT_EQ(describe(checked_.violations[0]), R"(body.clusterName: "1" does not match "^[a-zA-Z][a-zA-Z0-9-]+$".)");
}

TEST_F(OpenApiTest, DescribesALongValueByItsBeginning) {
  check_body(R"({"clusterName":"1)" + std::string(5000, 'x') + R"("})");
  const auto sentence = describe(checked_.violations[0]);
  EXPECT_TRUE(sentence.starts_with(R"(body.clusterName: "1xxx)")) << sentence;
  EXPECT_NE(sentence.find("xxx… does not match"), std::string::npos) << sentence;
  EXPECT_LT(sentence.size(), 300U);
}

TEST(OpenApi, RefusesADocumentItCouldOnlyHalfCheck) {
  const auto error = [](const std::string& schema) {
    const auto api =
        load("paths: {/a: {get: {operationId: A, parameters: [{name: p, in: query, schema: " + schema + "}]}}}");
    return api ? "" : api.error().message;
  };
  EXPECT_EQ(error("{type: string, format: date, description: x}"), "");
  EXPECT_EQ(error("{oneOf: []}"), "paths//a/get/parameters/p/oneOf: is a keyword that request checks do not know");
  EXPECT_EQ(error("{type: text}"), "paths//a/get/parameters/p/type: is not a type of OpenAPI 3.0");
  EXPECT_NE(error("{$ref: '#/components/none'}").find("leads nowhere"), std::string::npos);
  EXPECT_NE(error("{pattern: '('}").find("missing closing parenthesis"), std::string::npos);
}

TEST(OpenApi, LoadsEveryDocumentOfTheProgram) {
  ASSERT_NE(openapi_document("parallelcluster"), "");
  EXPECT_EQ(openapi_document("none"), "");
  const auto api = OpenApi::load(openapi_document("parallelcluster"));
  ASSERT_TRUE(api) << api.error().message;
  EXPECT_EQ(api->operations().size(), 20U);
}

}  // namespace
}  // namespace slipway::http
