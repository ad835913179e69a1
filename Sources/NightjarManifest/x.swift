import Crypto
import YAMLStream
