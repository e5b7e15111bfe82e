#include "tools/protoc-gen-mcdsl/generator.h"

#include <map>
#include <memory>
#include <ranges>
#include <set>
#include <string_view>
#include <utility>

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include "tools/protoc-gen-mcdsl/checks.h"
#include "tools/protoc-gen-mcdsl/names.h"

namespace mcdsl::protoc_gen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

template <class Visitor>
void for_each_service(const FileDescriptor& file, const Visitor& visit) {
  for (int i = 0; i < file.service_count(); ++i) {
    visit(*file.service(i));
  }
}

template <class Visitor>
void for_each_method(const ServiceDescriptor& service, const Visitor& visit) {
  for (int i = 0; i < service.method_count(); ++i) {
    visit(*service.method(i));
  }
}

bool streams(const MethodDescriptor& method) {
  return method.client_streaming() || method.server_streaming();
}

// A backslash at the end of a line would draw the next one into the comment.
std::string_view without_end(std::string_view line) {
  const auto last = line.find_last_not_of(" \t\r\v\f\\");
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// Nothing for an empty comment, or `before` and its lines.
void print_comment(std::string_view text, const char* before, Printer& to) {
  while (!text.empty() && (text.back() == '\n' || without_end(text).empty())) {
    text.remove_suffix(1);
  }
  if (text.empty()) {
    return;
  }
  to.Print(before);
  for (const auto part : std::views::split(text, '\n')) {
    const std::string_view line = without_end(std::string_view(part));
    // No template: a "$" is the author's own.
    to.Print("///");
    to.PrintRaw(std::string(line.empty() || line.front() == ' ' ? "" : " ").append(line));
    to.Print("\n");
  }
}

template <class Descriptor>
void print_comments_of(const Descriptor& descriptor, const char* before, Printer& to) {
  google::protobuf::SourceLocation location;
  if (descriptor.GetSourceLocation(&location)) {
    print_comment(location.leading_comments, before, to);
    print_comment(location.trailing_comments, location.leading_comments.empty() ? before : "", to);
  }
}

void print_include(const std::string& header, Printer& to) {
  const bool is_protobufs_own = header.starts_with("google/protobuf/");
  to.Print(is_protobufs_own ? "#include <$header$>\n" : "#include \"$header$\"\n", "header", header);
}

void print_includes(const FileDescriptor& file, Printer& to) {
  std::set<std::string> messages = {stem(file) + ".pb.h"};
  bool any_streams = false;
  for_each_service(file, [&](const ServiceDescriptor& service) {
    for_each_method(service, [&](const MethodDescriptor& method) {
      messages.insert(stem(*method.input_type()->file()) + ".pb.h");
      messages.insert(stem(*method.output_type()->file()) + ".pb.h");
      any_streams = any_streams || streams(method);
    });
  });
  to.Print("#include <vector>\n\n");
  print_include("mcdsl/base/result.h", to);
  print_include(any_streams ? "mcdsl/grpcserver/stream.h" : "mcdsl/grpcserver/method.h", to);
  for (const std::string& header : messages) {
    print_include(header, to);
  }
}

void print_method(const MethodDescriptor& method, Printer& to) {
  const Variables variables = {
      {"name", cpp_name(method.name())},
      {"request", google::protobuf::compiler::cpp::QualifiedClassName(method.input_type())},
      {"reply", google::protobuf::compiler::cpp::QualifiedClassName(method.output_type())},
  };
  to.Print("\n");
  print_comments_of(method, "", to);
  to.Print(variables, method.server_streaming() ? "virtual ::mcdsl::Result<void> $name$(\n"
                                                : "virtual ::mcdsl::Result<$reply$> $name$(\n");
  to.Print("    const ::mcdsl::grpcserver::Context& context,\n");
  to.Print(variables, method.client_streaming() ? "    ::mcdsl::grpcserver::Reader<$request$>& reader"
                                                : "    const $request$& request");
  to.Print(variables,
           method.server_streaming() ? ",\n    ::mcdsl::grpcserver::Writer<$reply$>& writer) = 0;\n" : ") = 0;\n");
}

void print_class(const ServiceDescriptor& service, Printer& to) {
  const Variables variables = {{"class", class_name(service)}, {"service", service.full_name()}};
  to.Print(variables, "\n/// $service$. Threads: the methods are called from several at once.\n");
  print_comments_of(service, "///\n", to);
  to.Print(variables,
           "class $class$ : public ::mcdsl::grpcserver::ServiceBase {\n"
           " public:\n");
  to.Indent();
  to.Print("::std::vector<::mcdsl::grpcserver::Method> methods() final;\n");
  for_each_method(service, [&](const MethodDescriptor& method) { print_method(method, to); });
  to.Outdent();
  to.Print("};\n");
}

std::string_view binder(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? "bidi_stream" : "client_stream";
  }
  return method.server_streaming() ? "server_stream" : "unary";
}

void print_methods(const ServiceDescriptor& service, Printer& to) {
  Variables variables = {
      {"class", class_name(service)},
      {"file", descriptor_of(*service.file())},
      {"index", std::to_string(service.index())},
  };
  to.Print(variables, "\n::std::vector<::mcdsl::grpcserver::Method> $class$::methods() {\n");
  if (service.method_count() > 0) {
    to.Print(variables,
             "  const ::google::protobuf::ServiceDescriptor* const service =\n"
             "      $file$->service($index$);\n");
  }
  to.Print("  return {\n");
  for_each_method(service, [&](const MethodDescriptor& method) {
    variables["binder"] = binder(method);
    variables["index"] = std::to_string(method.index());
    variables["method"] = cpp_name(method.name());
    to.Print(variables, "      ::mcdsl::grpcserver::$binder$(service->method($index$), *this, &$class$::$method$),\n");
  });
  to.Print("  };\n}\n");
}

// Calls `print` for each service, within the namespace of the file.
template <class Print>
void print_in_namespace(const FileDescriptor& file, Printer& to, const Print& print) {
  const std::string name = cpp_namespace(file);
  to.Print(name.empty() ? "" : "\nnamespace $name$ {\n", "name", name);
  for_each_service(file, [&](const ServiceDescriptor& service) { print(service, to); });
  to.Print(name.empty() ? "" : "\n}  // namespace $name$\n", "name", name);
}

void print_header(const FileDescriptor& file, Printer& to) {
  to.Print("#pragma once\n");
  if (file.service_count() > 0) {
    to.Print("\n");
    print_includes(file, to);
    print_in_namespace(file, to, print_class);
  }
}

void print_source(const FileDescriptor& file, Printer& to) {
  if (file.service_count() > 0) {
    print_include(stem(file) + ".mcdsl.h", to);
    to.Print("\n");
    print_include("google/protobuf/descriptor.h", to);
    to.Print("\n");
    print_include("mcdsl/grpcserver/stream.h", to);
    print_in_namespace(file, to, print_methods);
  }
}

void write(const FileDescriptor& file, const std::string& ending, google::protobuf::compiler::GeneratorContext& context,
           void (*print)(const FileDescriptor&, Printer&)) {
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> output(context.Open(stem(file) + ending));
  Printer printer(output.get(), '$');
  printer.Print("// Generated by protoc-gen-mcdsl from $file$. Do not edit.\n", "file", file.name());
  print(file, printer);
}

}  // namespace

bool Generator::Generate(const FileDescriptor* file, const std::string& parameter,
                         google::protobuf::compiler::GeneratorContext* context, std::string* error) const {
  if (!parameter.empty()) {
    *error = "there are no parameters, and \"" + parameter + "\" was given";
    return false;
  }
  for (const std::string& fault : faults_of(*file)) {
    // The caller names the file before the first.
    error->append(error->empty() ? "" : "\n" + file->name() + ": ").append(fault);
  }
  if (!error->empty()) {
    return false;
  }
  write(*file, ".mcdsl.h", *context, print_header);
  write(*file, ".mcdsl.cc", *context, print_source);
  return true;
}

}  // namespace mcdsl::protoc_gen
