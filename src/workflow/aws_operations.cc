#include "workflow/aws_operations.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace slipway::workflow {

namespace {

// All tables hold operation keys.
constexpr std::string_view kReadPrefixes[] = {
    "describe", "get",   "list",   "search",   "scan",       "batchget", "batchdescribe", "query",
    "lookup",   "head",  "filter", "discover", "preview",    "simulate", "estimate",      "validate",
    "verify",   "check", "select", "view",     "assumerole", "decode",
};
// Repeating them reaches the same state.
constexpr std::string_view kNaturalPrefixes[] = {
    "stop",       "start",        "delete",    "put",         "tag",        "untag",
    "modify",     "update",       "enable",    "disable",     "attach",     "detach",
    "associate",  "disassociate", "terminate", "set",         "add",        "remove",
    "register",   "deregister",   "subscribe", "unsubscribe", "cancel",     "authorize",
    "revoke",     "release",      "activate",  "deactivate",  "createtags", "changeresourcerecordsets",
    "changetags", "adjust",       "suspend",   "resume",      "abort",
};
// A second one adds to the first, whatever the prefix says.
constexpr std::string_view kAdding[] = {
    "putevents",      "putpartnerevents", "putrecord",    "putrecords",
    "putrecordbatch", "putmetricdata",    "putlogevents", "putmessages",
};
// What is started by name runs again when it is started again.
constexpr std::string_view kRuns[] = {
    "job",        "execution", "build",  "query",   "task",      "session",      "run",
    "command",    "import",    "export", "refresh", "analysis",  "assessment",   "evaluation",
    "deployment", "scan",      "backup", "restore", "detection", "conversation",
};
constexpr std::string_view kCreatePrefixes[] = {
    "create",  "run",  "provision", "copy",   "allocate", "request", "import", "purchase", "launch",
    "publish", "send", "submit",    "invoke", "restore",  "clone",   "issue",  "start",
};

// Members by which a service knows a repeated call.
constexpr std::string_view kTokenMembers[] = {
    "ClientToken",      "clientToken",     "ClientRequestToken", "clientRequestToken", "IdempotencyToken",
    "idempotencyToken", "ProvisionToken",  "UpdateToken",        "TerminateToken",     "ExecuteToken",
    "CreationToken",    "CallerReference", "OperationId",        "CreatorRequestId",   "CopyToken",
};

struct Known {
  std::string_view service;
  std::string_view operation;
};
// Operations with such a member: the engine sends its own token where the document gives none.
constexpr Known kTokens[] = {
    {"acm", "requestcertificate"},
    {"athena", "startqueryexecution"},
    {"backup", "startbackupjob"},
    {"backup", "startcopyjob"},
    {"backup", "startrestorejob"},
    {"cloudformation", "createchangeset"},
    {"cloudformation", "createstack"},
    {"cloudformation", "createstackset"},
    {"cloudformation", "deletestack"},
    {"cloudformation", "executechangeset"},
    {"cloudformation", "updatestack"},
    {"codebuild", "startbuild"},
    {"codepipeline", "startpipelineexecution"},
    {"dynamodb", "transactwriteitems"},
    {"ec2", "allocatehosts"},
    {"ec2", "copyimage"},
    {"ec2", "createfleet"},
    {"ec2", "createflowlogs"},
    {"ec2", "createlaunchtemplate"},
    {"ec2", "createnatgateway"},
    {"ec2", "createnetworkinterface"},
    {"ec2", "createroutetable"},
    {"ec2", "createvolume"},
    {"ec2", "createvpcendpoint"},
    {"ec2", "importimage"},
    {"ec2", "requestspotinstances"},
    {"ec2", "runinstances"},
    {"ecs", "createservice"},
    {"ecs", "runtask"},
    {"efs", "createaccesspoint"},
    {"efs", "createfilesystem"},
    {"eks", "createcluster"},
    {"eks", "createnodegroup"},
    {"emr-serverless", "createapplication"},
    {"emr-serverless", "startjobrun"},
    {"fsx", "createbackup"},
    {"fsx", "createfilesystem"},
    {"route53", "createhostedzone"},
    {"sagemaker", "startpipelineexecution"},
    {"secretsmanager", "createsecret"},
    {"secretsmanager", "putsecretvalue"},
    {"servicecatalog", "createportfolio"},
    {"servicecatalog", "createproduct"},
    {"servicecatalog", "createprovisionedproductplan"},
    {"servicecatalog", "executeprovisionedproductserviceaction"},
    {"servicecatalog", "provisionproduct"},
    {"servicecatalog", "terminateprovisionedproduct"},
    {"servicecatalog", "updateprovisionedproduct"},
    {"ssm", "startautomationexecution"},
};
// The caller gives a name that there can be once: a repeat finds it.
constexpr Known kNames[] = {
    {"autoscaling", "createautoscalinggroup"},
    {"autoscaling", "createlaunchconfiguration"},
    {"codecommit", "createrepository"},
    {"dynamodb", "createtable"},
    {"ec2", "createkeypair"},
    {"ec2", "createplacementgroup"},
    {"ec2", "createsecuritygroup"},
    {"ecr", "createrepository"},
    {"ecs", "createcluster"},
    {"elasticache", "createcachecluster"},
    {"elbv2", "createloadbalancer"},
    {"elbv2", "createtargetgroup"},
    {"glue", "createcrawler"},
    {"glue", "createjob"},
    {"iam", "creategroup"},
    {"iam", "createinstanceprofile"},
    {"iam", "createpolicy"},
    {"iam", "createrole"},
    {"iam", "createuser"},
    {"kinesis", "createstream"},
    {"kms", "createalias"},
    {"lambda", "createfunction"},
    {"logs", "createloggroup"},
    {"logs", "createlogstream"},
    {"opensearch", "createdomain"},
    {"rds", "createdbcluster"},
    {"rds", "createdbinstance"},
    {"rds", "createdbsnapshot"},
    {"redshift", "createcluster"},
    {"redshift", "createclustersnapshot"},
    {"s3", "createbucket"},
    {"sagemaker", "createendpoint"},
    {"sagemaker", "createnotebookinstance"},
    {"sagemaker", "createnotebookinstancelifecycleconfig"},
    {"sagemaker", "createprocessingjob"},
    {"sagemaker", "createtrainingjob"},
    {"sns", "createtopic"},
    {"sqs", "createqueue"},
    {"ssm", "createdocument"},
    {"states", "createstatemachine"},
    {"stepfunctions", "createstatemachine"},
};
constexpr Known kStreams[] = {
    {"apigateway", "getexport"},
    {"bedrock-agent-runtime", "invokeagent"},
    {"bedrock-runtime", "conversestream"},
    {"bedrock-runtime", "invokemodel"},
    {"bedrock-runtime", "invokemodelwithresponsestream"},
    {"codeartifact", "getpackageversionasset"},
    {"ebs", "getsnapshotblock"},
    {"ebs", "putsnapshotblock"},
    {"glacier", "getjoboutput"},
    {"glacier", "uploadarchive"},
    {"glacier", "uploadmultipartpart"},
    {"kinesis", "subscribetoshard"},
    {"kinesis-video-archived-media", "getclip"},
    {"kinesis-video-media", "getmedia"},
    {"lambda", "invokeasync"},
    {"lambda", "invokewithresponsestream"},
    {"lex-runtime", "postcontent"},
    {"logs", "startlivetail"},
    {"mediastore-data", "getobject"},
    {"mediastore-data", "putobject"},
    {"omics", "getreadset"},
    {"omics", "getreference"},
    {"omics", "uploadreadsetpart"},
    {"polly", "synthesizespeech"},
    {"s3", "getobject"},
    {"s3", "getobjecttorrent"},
    {"s3", "putobject"},
    {"s3", "selectobjectcontent"},
    {"s3", "uploadpart"},
    {"s3", "writegetobjectresponse"},
    {"sagemaker-runtime", "invokeendpointwithresponsestream"},
    {"workmailmessageflow", "getrawmessagecontent"},
};

template <std::size_t size>
bool begins_with_one_of(std::string_view key, const std::string_view (&prefixes)[size]) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return key.starts_with(prefix); });
}

template <std::size_t size>
bool is_one_of(std::string_view word, const std::string_view (&words)[size]) {
  return std::ranges::find(words, word) != std::end(words);
}

template <std::size_t size>
bool is_known(std::string_view service, std::string_view key, const Known (&table)[size]) {
  return std::ranges::any_of(table,
                             [&](const Known& known) { return known.service == service && known.operation == key; });
}

bool is_natural(std::string_view key) {
  if (is_one_of(key, kAdding) || !begins_with_one_of(key, kNaturalPrefixes)) return false;
  if (!key.starts_with("start")) return true;
  return std::ranges::none_of(kRuns, [&](std::string_view run) { return key.find(run) != std::string_view::npos; });
}

}  // namespace

std::string operation_key(std::string_view operation) {
  auto key = base::lower(operation);
  std::erase(key, '_');
  return key;
}

bool is_read(std::string_view operation) {
  return begins_with_one_of(operation_key(operation), kReadPrefixes);
}

bool creates(std::string_view operation) {
  const auto key = operation_key(operation);
  return !is_natural(key) && begins_with_one_of(key, kCreatePrefixes);
}

bool is_streaming(std::string_view service, std::string_view operation) {
  return is_known(service, operation_key(operation), kStreams);
}

EffectClass effect_of(std::string_view service, std::string_view operation, const boost::json::object& inputs) {
  const auto key = operation_key(operation);
  if (begins_with_one_of(key, kReadPrefixes)) return EffectClass::read;
  const bool has_token =
      std::ranges::any_of(kTokenMembers, [&](std::string_view member) { return inputs.contains(member); });
  if (has_token || is_known(service, key, kTokens)) return EffectClass::token;
  // A state machine runs once under one name.
  const bool named_run = key == "startexecution" && inputs.contains("name");
  if (named_run || is_known(service, key, kNames)) return EffectClass::name;
  return is_natural(key) ? EffectClass::natural : EffectClass::unsafe;
}

}  // namespace slipway::workflow
