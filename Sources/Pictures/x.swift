import CLibGD
