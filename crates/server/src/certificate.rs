//! A listener's certificate, read again when it changes: certificates live for weeks, servers for months.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;

/// How often it is looked whether the files were changed.
const PERIOD: Duration = Duration::from_mins(1);

/// The certificate and key that new connections get.
pub(crate) struct Certificate {
    files: TlsConfig,
    current: RwLock<Arc<ServerConfig>>,
}

impl Certificate {
    pub(crate) fn load(files: &TlsConfig) -> io::Result<Arc<Self>> {
        // Another part of the process may have installed the provider already.
        _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let current = RwLock::new(read(files)?);
        Ok(Arc::new(Self { files: files.clone(), current }))
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Reads the files again. Where they cannot be used, the certificate stays as it is.
    pub(crate) fn reload(&self) {
        let certificate = self.files.certificate.display();
        match read(&self.files) {
            Ok(config) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
                tracing::info!(%certificate, "the TLS certificate was read again");
            }
            Err(error) => {
                tracing::error!(%certificate, %error, "the TLS certificate cannot be used; the old one stays");
            }
        }
    }

    /// Reads the files again on SIGHUP, and when they were changed, until it is dropped.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut hangups = match signal(SignalKind::hangup()) {
            Ok(hangups) => hangups,
            Err(error) => {
                tracing::warn!(%error, "SIGHUP cannot be received: the TLS certificate is not read again");
                return;
            }
        };
        let mut seen = self.changed_at();
        let mut period = tokio::time::interval(PERIOD);
        loop {
            tokio::select! {
                received = hangups.recv() => if received.is_none() { return },
                _ = period.tick() => if self.changed_at() == seen { continue },
            }
            seen = self.changed_at();
            self.reload();
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.files.certificate, &self.files.key].map(|file| changed_at(file))
    }
}

fn changed_at(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|file| file.modified()).ok()
}

fn read(files: &TlsConfig) -> io::Result<Arc<ServerConfig>> {
    let unusable = |error: rustls::pki_types::pem::Error| io::Error::new(io::ErrorKind::InvalidData, error);
    let chain = CertificateDer::pem_file_iter(&files.certificate).map_err(unusable)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unusable)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(unusable)?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
