"""Serves a Crossplane function that composes by KCL."""

import os
import pathlib
import signal
from concurrent import futures

import grpc
from crossplane.function.proto.v1 import run_function_pb2_grpc as service

import compose

# Where Crossplane asks.
LISTEN = '[::]:9443'


class Runner(service.FunctionRunnerServiceServicer):
    def RunFunction(self, request, context):
        return compose.answer(request)


def certificates():
    folder = pathlib.Path(os.environ['TLS_SERVER_CERTS_DIR'])
    key, certificate, authority = ((folder / name).read_bytes() for name in ('tls.key', 'tls.crt', 'ca.crt'))
    return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=authority)


def main():
    # One at a time: KCL keeps what it compiles in one place.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    service.add_FunctionRunnerServiceServicer_to_server(Runner(), server)
    # Read anew for each caller, since Crossplane renews them; who has none of its authority may not ask.
    secure = grpc.dynamic_ssl_server_credentials(certificates(), certificates, require_client_authentication=True)
    server.add_secure_port(LISTEN, secure)
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == '__main__':
    main()
