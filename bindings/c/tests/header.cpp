// The header as C++: it compiles without a warning, and the library links.
#include "remit_verifier.h"

#include <iostream>

int main() {
    std::size_t objects = 1;
    const remit_bytes text = remit_text("abc");
    std::uint8_t digest[32];
    const bool good = remit_sha256(text, digest) == REMIT_OK && digest[0] == 0xba &&
                      remit_objects(&objects) == REMIT_OK && objects == 0;
    std::cout << "C++: " << remit_version() << "\n";
    return good ? 0 : 1;
}
