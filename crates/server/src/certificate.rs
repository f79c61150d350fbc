//! A listener's certificate, read again when it changes: certificates live for weeks, servers for months.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use metrics::counter;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;

/// How often it is looked whether the files were changed.
const PERIOD: Duration = Duration::from_mins(1);

/// The certificate and key that new connections get.
pub(crate) struct Certificate {
    files: TlsConfig,
    current: RwLock<Arc<ServerConfig>>,
    /// When the files were changed before they were last read.
    read: Mutex<Changed>,
}

type Changed = [Option<SystemTime>; 2];

impl Certificate {
    pub(crate) fn load(files: &TlsConfig) -> io::Result<Arc<Self>> {
        // Another part of the process may have installed the provider already.
        _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let changed = Mutex::new(changed(files));
        let current = RwLock::new(read(files)?);
        Ok(Arc::new(Self { files: files.clone(), current, read: changed }))
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Reads the files again. Where they cannot be used, the certificate stays as it is.
    pub(crate) fn reload(&self) {
        let certificate = self.files.certificate.display();
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = changed(&self.files);
        match read(&self.files) {
            Ok(config) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
                counter!("rims_certificate_reloads_total", "outcome" => "taken").increment(1);
                tracing::info!(%certificate, "the TLS certificate was read again");
            }
            Err(error) => {
                counter!("rims_certificate_reloads_total", "outcome" => "refused").increment(1);
                tracing::error!(%certificate, %error, "the TLS certificate cannot be used; the old one stays");
            }
        }
    }

    /// Reads the files again whenever they were changed, until it is dropped.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut period = tokio::time::interval(PERIOD);
        loop {
            period.tick().await;
            if *self.read.lock().unwrap_or_else(PoisonError::into_inner) != changed(&self.files) {
                self.reload();
            }
        }
    }
}

fn changed(files: &TlsConfig) -> Changed {
    [&files.certificate, &files.key].map(|file| file.metadata().and_then(|file| file.modified()).ok())
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
