"""The stubs of grpcio for mcq's services, made by grpcio-tools from the proto files; health comes with its own package."""

import importlib
import pathlib
import sys
import tempfile

import grpc
from google.protobuf import empty_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_tools import protoc

FILES = ("mcq/v1/mcq.proto", "google/api/annotations.proto", "google/api/http.proto", "mcdsl/v1/access.proto",
         "mcdsl/v1/snapshot.proto", "reflection_v1/reflection.proto")


def generate(roots, folder):
    """Below `folder`. Reflection lies elsewhere than its name says: `grpc` is a package of grpcio already."""
    shared = next(pathlib.Path(root) for root in roots if (pathlib.Path(root) / "grpc/reflection").is_dir())
    imports = [f"-I{root}" for root in roots] + [f"-Ireflection_v1={shared / 'grpc/reflection/v1'}"]
    if protoc.main(["protoc", *imports, f"-I{pathlib.Path(protoc.__file__).parent / '_proto'}", f"--python_out={folder}",
                    f"--grpc_python_out={folder}", *FILES]) != 0:
        raise SystemExit("grpcio-tools does not take the proto files")
    sys.path.append(folder)


class Stubs:
    """A channel and the stubs on it."""

    health_pb2 = health_pb2

    def __init__(self, setting):
        self.address = setting["address"]
        self.credentials = grpc.ssl_channel_credentials(pathlib.Path(setting["authority"]).read_bytes())
        self.channel = self.new_channel()
        with tempfile.TemporaryDirectory() as folder:
            generate(setting["protos"], folder)
            self.v1 = importlib.import_module("mcq.v1.mcq_pb2")
            services = importlib.import_module("mcq.v1.mcq_pb2_grpc")
            self.snapshot_pb2 = importlib.import_module("mcdsl.v1.snapshot_pb2")
            snapshot = importlib.import_module("mcdsl.v1.snapshot_pb2_grpc")
            self.reflection_pb2 = importlib.import_module("reflection_v1.reflection_pb2")
            reflection = importlib.import_module("reflection_v1.reflection_pb2_grpc")
        self.documents = services.DocumentServiceStub(self.channel)
        self.auth = services.AuthServiceStub(self.channel)
        self.admin = services.AdminServiceStub(self.channel)
        self.snapshots = snapshot.SnapshotServiceStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)
        self.reflection = reflection.ServerReflectionStub(self.channel)
        self.empty = empty_pb2.Empty

    def new_channel(self):
        """Each with a connection of its own."""
        options = [("grpc.max_receive_message_length", 8 << 20), ("grpc.use_local_subchannel_pool", 1)]
        return grpc.secure_channel(self.address, self.credentials, options=options)

    @staticmethod
    def bearer(token):
        return [("authorization", f"Bearer {token}")]

    def login(self, name, accounts):
        """The metadata of a new session."""
        return self.bearer(self.auth.Login(self.v1.LoginRequest(username=name, password=accounts["passwords"][name])).token)
