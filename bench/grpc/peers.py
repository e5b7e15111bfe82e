"""The three programs of the grpc area: ours, and the peers as the run builds them."""

import pathlib
import shutil
import subprocess

from servers import ROOT, Server, tool

PROTO = ROOT / "bench/grpc/bench.proto"


class CallServer(Server):
    """A server that says at its end how many calls of GetDocument it has answered with OK."""

    def answered(self):
        """Ends it."""
        self.stop()
        count = int(self.process.stdout.read())
        if self.process.wait() != 0:
            raise SystemExit(f"grpc bench: {self.name} ended with {self.process.returncode}")
        return count


def build_go(folder):
    """A copy of the module, with the code that protoc makes of the proto file beside it."""
    module = folder / "go"
    shutil.copytree(ROOT / "bench/peers/go/grpc", module)
    plugins = []
    for name in ("protoc-gen-go", "protoc-gen-go-grpc"):
        path = subprocess.run([tool("go"), "tool", "-n", name], cwd=module, check=True, stdout=subprocess.PIPE,
                              text=True).stdout.strip()
        plugins.append(f"--plugin={name}={path}")
    made = [f"--{kind}_{what}" for kind in ("go", "go-grpc") for what in (f"out={module}", "opt=module=mcdsl-bench-grpc")]
    subprocess.run([tool("protoc"), f"-I{ROOT}", *plugins, *made, PROTO], check=True)
    subprocess.run([tool("go"), "build", "-buildvcs=false", "-o", folder / "go_server", "."], cwd=module, check=True)
    return folder / "go_server"


def build_grpcpp():
    """In the build folder, where the next run finds it."""
    build = ROOT / "build/bench/grpcpp"
    subprocess.run([tool("cmake"), "-S", ROOT / "bench/peers/grpcpp", "-B", build, "-G", "Ninja",
                    "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([tool("cmake"), "--build", build, "-j", "2"], check=True, stdout=subprocess.DEVNULL)
    return build / "grpcpp_server"


class Programs:
    def __init__(self, folder, pair, identity_url):
        self.arguments = [pair.certificate, pair.key, identity_url]
        self.go_program = build_go(pathlib.Path(folder))
        self.grpcpp_program = build_grpcpp()

    def ours(self):
        return CallServer("ours", [ROOT / "build/release/bin/grpc_bench_server", *self.arguments])

    def go(self):
        return CallServer("grpc-go", [self.go_program, *self.arguments])

    def grpcpp(self):
        return CallServer("grpc++", [self.grpcpp_program, *self.arguments])
