#include <google/protobuf/compiler/plugin.h>

#include "tools/protoc-gen-mcdsl/generator.h"

int main(int argc, char** argv) {
  const mcdsl::protoc_gen::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
