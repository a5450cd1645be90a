//! Which arithmetic the signature library chose on this machine: it is compiled in by `.cargo/config.toml`
//! and chosen at run time by the processor's features, in the order tested here.

/// `avx512`, `avx2` or `serial`, as curve25519-dalek 5 chooses.
pub fn name() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        let wide = std::is_x86_feature_detected!("avx512ifma") && std::is_x86_feature_detected!("avx512vl");
        if cfg!(curve25519_dalek_backend = "avx512") && wide {
            return "avx512";
        }
        if std::is_x86_feature_detected!("avx2") {
            return "avx2";
        }
    }
    "serial"
}
