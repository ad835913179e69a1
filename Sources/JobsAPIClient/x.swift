import AsyncHTTPClient
import Crypto
import NIOCore
import NIOSSL
