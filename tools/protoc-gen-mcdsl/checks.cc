#include "tools/protoc-gen-mcdsl/checks.h"

#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <string_view>

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>

#include "mcdsl/auth/access.h"
#include "tools/protoc-gen-mcdsl/names.h"

namespace mcdsl::protoc_gen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

std::string place(const ServiceDescriptor& service) {
  return "service " + service.full_name() + ": ";
}

std::string place(const MethodDescriptor& method) {
  return "service " + method.service()->full_name() + ", method " + method.name() + ": ";
}

// The value of an option that a file declares for itself. The classes that options come in do not know it: it is read
// by what the descriptors of the run say.
std::optional<std::string> text_option(const google::protobuf::Message& options,
                                       const google::protobuf::DescriptorPool& pool, const std::string& name) {
  const google::protobuf::FieldDescriptor* field = pool.FindExtensionByName(name);
  if (field == nullptr || field->is_repeated() ||
      field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return std::nullopt;
  }
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> known(factory.GetPrototype(field->containing_type())->New());
  if (!known->ParseFromString(options.SerializeAsString()) || !known->GetReflection()->HasField(*known, field)) {
    return std::nullopt;
  }
  return known->GetReflection()->GetString(*known, field);
}

template <class Descriptor>
void check_access(const Descriptor& descriptor, const std::string& option, std::vector<std::string>& faults) {
  const auto rule = text_option(descriptor.options(), *descriptor.file()->pool(), option);
  if (!rule) {
    return;
  }
  if (const auto access = auth::Access::parse(*rule); !access) {
    faults.push_back(place(descriptor) + "option (" + option + "): " + access.error().message());
  }
}

// What else a file may declare beside its services, where their classes go.
std::string_view kind_of_namesake(const google::protobuf::DescriptorPool& pool, const std::string& full_name) {
  if (pool.FindMessageTypeByName(full_name) != nullptr) {
    return "message";
  }
  if (pool.FindEnumTypeByName(full_name) != nullptr) {
    return "enum";
  }
  if (pool.FindEnumValueByName(full_name) != nullptr) {
    return "enum value";
  }
  return pool.FindExtensionByName(full_name) != nullptr ? "extension" : "";
}

// protoc 3.21 writes the parts of a package as they are.
void check_package(const ServiceDescriptor& service, std::vector<std::string>& faults) {
  for (const auto part : std::views::split(std::string_view(service.file()->package()), '.')) {
    const std::string name(part.begin(), part.end());
    if (cpp_name(name) != name) {
      faults.push_back(place(service) + "its package has a part \"" + name + "\", which is a keyword of C++");
    }
  }
}

void check_class(const ServiceDescriptor& service, std::vector<std::string>& faults) {
  const std::string& package = service.file()->package();
  const std::string full_name = (package.empty() ? "" : package + ".") + class_name(service);
  if (const auto kind = kind_of_namesake(*service.file()->pool(), full_name); !kind.empty()) {
    faults.push_back(place(service) + "its class would be " + class_name(service) + ", which is the name of the " +
                     std::string(kind) + " " + full_name + " already");
  }
}

void check_names(const ServiceDescriptor& service, std::vector<std::string>& faults) {
  std::map<std::string, std::string> taken = {
      {"methods", "what every service has"},
      {class_name(service), "the class of the service"},
  };
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    const std::string name = cpp_name(method.name());
    const auto [first, is_new] = taken.emplace(name, "the method " + method.name());
    if (!is_new) {
      faults.push_back(place(method) + "its name in C++, " + name + ", is taken by " + first->second);
    }
  }
}

}  // namespace

std::vector<std::string> faults_of(const FileDescriptor& file) {
  std::vector<std::string> faults;
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    if (file.options().optimize_for() == google::protobuf::FileOptions::LITE_RUNTIME) {
      faults.push_back(place(service) + "a file with optimize_for = LITE_RUNTIME has no descriptors to serve by");
    }
    check_package(service, faults);
    check_class(service, faults);
    check_names(service, faults);
    check_access(service, "mcdsl.v1.default_access", faults);
    for (int j = 0; j < service.method_count(); ++j) {
      check_access(*service.method(j), "mcdsl.v1.access", faults);
    }
  }
  return faults;
}

}  // namespace mcdsl::protoc_gen
