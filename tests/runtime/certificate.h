#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string>
#include <unistd.h>

namespace hourglass::runtime {

/// A self-signed certificate and its key, in two files that last as long as this object.
class Certificate {
  public:
    /// `names` as in "DNS:localhost,IP:127.0.0.1"; `days` until it expires, negative for one that has.
    explicit Certificate(const std::string& names, int days = 1) {
        static int number = 0;
        const auto folder = std::filesystem::temp_directory_path();
        const std::string stem =
            (folder / ("hourglass-tls-" + std::to_string(::getpid()) + "-" + std::to_string(++number))).native();
        certificate_file = stem + ".pem";
        key_file = stem + ".key";
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
        X509_set_version(made.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), number);
        constexpr long day = 24 * 60 * 60;
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -10 * day);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day);
        X509_set_pubkey(made.get(), key.get());
        X509_NAME* const subject = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1,
                                   0);
        X509_set_issuer_name(made.get(), subject);
        X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
        X509_add_ext(made.get(), extension, -1);
        X509_EXTENSION_free(extension);
        X509_sign(made.get(), key.get(), EVP_sha256());
        std::FILE* file = std::fopen(certificate_file.c_str(), "w");
        PEM_write_X509(file, made.get());
        std::fclose(file);
        file = std::fopen(key_file.c_str(), "w");
        PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
    }
    ~Certificate() {
        std::filesystem::remove(certificate_file);
        std::filesystem::remove(key_file);
    }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    std::string certificate_file;
    std::string key_file;
};

}  // namespace hourglass::runtime
