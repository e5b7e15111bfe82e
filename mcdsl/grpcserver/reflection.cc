#include "mcdsl/grpcserver/reflection.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <google/protobuf/descriptor.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>

#include "mcdsl/base/error.h"
#include "mcdsl/grpcserver/stream.h"

namespace mcdsl::grpcserver {
namespace {

namespace v1 = grpc::reflection::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// A file and what it imports, itself first.
void add_with_imports(const FileDescriptor& file, std::vector<const FileDescriptor*>& files) {
  if (std::ranges::find(files, &file) != files.end()) {
    return;
  }
  files.push_back(&file);
  for (int i = 0; i < file.dependency_count(); ++i) {
    add_with_imports(*file.dependency(i), files);
  }
}

void put_files(const FileDescriptor& file, v1::FileDescriptorResponse& into) {
  std::vector<const FileDescriptor*> files;
  add_with_imports(file, files);
  for (const FileDescriptor* each : files) {
    google::protobuf::FileDescriptorProto proto;
    each->CopyTo(&proto);
    into.add_file_descriptor_proto(proto.SerializeAsString());
  }
}

}  // namespace

class Reflection::Calls {
 public:
  explicit Calls(const std::vector<ServiceBase*>& services) {
    for (ServiceBase* service : services) {
      for (const Method& method : service->methods()) {
        add(*method.descriptor->service());
      }
    }
    add(*v1::ServerReflectionRequest::descriptor()->file()->FindServiceByName("ServerReflection"));
  }

  Result<void> info(const Context& /*context*/, Reader<v1::ServerReflectionRequest>& requests,
                    Writer<v1::ServerReflectionResponse>& replies) {
    while (const auto request = requests.next()) {
      v1::ServerReflectionResponse reply;
      reply.set_valid_host(request->host());
      *reply.mutable_original_request() = *request;
      if (const auto answered = answer(*request, reply); !answered) {
        reply.mutable_error_response()->set_error_code(static_cast<int>(answered.error().code()));
        reply.mutable_error_response()->set_error_message(std::string(answered.error().public_text()));
      }
      if (auto sent = replies.write(reply); !sent) {
        return sent;
      }
    }
    return requests.status();
  }

 private:
  void add(const google::protobuf::ServiceDescriptor& service) {
    services_.insert(service.full_name());
    std::vector<const FileDescriptor*> files;
    add_with_imports(*service.file(), files);
    for (const FileDescriptor* file : files) {
      files_.emplace(file->name(), file);
    }
  }

  [[nodiscard]] bool shows(const FileDescriptor* file) const {
    return file != nullptr && files_.contains(file->name());
  }

  Result<void> answer(const v1::ServerReflectionRequest& request, v1::ServerReflectionResponse& reply) const {
    const auto& pool = *google::protobuf::DescriptorPool::generated_pool();
    switch (request.message_request_case()) {
      case v1::ServerReflectionRequest::kFileByFilename:
        return answer_with(find_file(request.file_by_filename()), reply);
      case v1::ServerReflectionRequest::kFileContainingSymbol:
        return answer_with(pool.FindFileContainingSymbol(request.file_containing_symbol()), reply);
      case v1::ServerReflectionRequest::kFileContainingExtension: {
        const auto& wanted = request.file_containing_extension();
        const auto* type = pool.FindMessageTypeByName(wanted.containing_type());
        const auto* extension = type != nullptr ? pool.FindExtensionByNumber(type, wanted.extension_number()) : nullptr;
        return answer_with(extension != nullptr ? extension->file() : nullptr, reply);
      }
      case v1::ServerReflectionRequest::kAllExtensionNumbersOfType:
        return answer_with_extensions(request.all_extension_numbers_of_type(), reply);
      case v1::ServerReflectionRequest::kListServices:
        for (const std::string& name : services_) {
          reply.mutable_list_services_response()->add_service()->set_name(name);
        }
        return {};
      case v1::ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
        break;
    }
    return fail_visible(Code::invalid_argument, "the request asks for nothing");
  }

  [[nodiscard]] const FileDescriptor* find_file(const std::string& name) const {
    const auto found = files_.find(name);
    return found != files_.end() ? found->second : nullptr;
  }

  Result<void> answer_with(const FileDescriptor* file, v1::ServerReflectionResponse& reply) const {
    if (!shows(file)) {
      return fail_visible(Code::not_found, "there is no such file, symbol or extension here");
    }
    put_files(*file, *reply.mutable_file_descriptor_response());
    return {};
  }

  Result<void> answer_with_extensions(const std::string& name, v1::ServerReflectionResponse& reply) const {
    const auto& pool = *google::protobuf::DescriptorPool::generated_pool();
    const auto* type = pool.FindMessageTypeByName(name);
    if (type == nullptr || !shows(type->file())) {
      return fail_visible(Code::not_found, "there is no such type here");
    }
    auto& response = *reply.mutable_all_extension_numbers_response();
    response.set_base_type_name(name);
    std::vector<const FieldDescriptor*> extensions;
    pool.FindAllExtensions(type, &extensions);
    for (const FieldDescriptor* extension : extensions) {
      if (shows(extension->file())) {
        response.add_extension_number(extension->number());
      }
    }
    return {};
  }

  std::set<std::string> services_;
  std::map<std::string, const FileDescriptor*> files_;
};

Reflection::Reflection(const std::vector<ServiceBase*>& services) : calls_(std::make_shared<Calls>(services)) {}

std::vector<Method> Reflection::methods() {
  const auto* service = v1::ServerReflectionRequest::descriptor()->file()->FindServiceByName("ServerReflection");
  return {bidi_stream(service->FindMethodByName("ServerReflectionInfo"), *calls_, &Calls::info)};
}

}  // namespace mcdsl::grpcserver
