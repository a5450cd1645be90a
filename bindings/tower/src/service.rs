//! The service that the layer makes.

use crate::answer::{forget, tell};
use crate::bring::{Place, bring};
use crate::decide::{Yes, weigh};
use crate::guard::Guard;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{Either, Full};
use std::error::Error;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// What the inner service reads: content that was checked, or on a public path whatever comes.
pub type RequestBody<B> = Either<Full<Bytes>, B>;
/// What is answered: by the layer, or by the inner service.
pub type ResponseBody<B> = Either<Full<Bytes>, B>;

/// A service behind a [`RemitLayer`](crate::RemitLayer).
#[derive(Clone)]
pub struct RemitService<S> {
    inner: S,
    guard: Arc<Guard>,
}

impl<S> std::fmt::Debug for RemitService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemitService").finish_non_exhaustive()
    }
}

impl<S> RemitService<S> {
    pub(crate) fn new(inner: S, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

impl<S, B, C: 'static> Service<Request<B>> for RemitService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<C>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ResponseBody<C>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was made ready answers this request.
        let again = self.inner.clone();
        let inner = mem::replace(&mut self.inner, again);
        Box::pin(answer(self.guard.clone(), inner, request))
    }
}

async fn answer<S, B, C>(
    guard: Arc<Guard>,
    mut inner: S,
    mut request: Request<B>,
) -> Result<Response<ResponseBody<C>>, S::Error>
where
    S: Service<Request<RequestBody<B>>, Response = Response<C>>,
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // Nobody but the layer says what the verdict is.
    forget(request.headers_mut());
    if request.uri().query().is_none() && guard.public.contains(request.uri().path()) {
        return Ok(inner.call(request.map(Either::Right)).await?.map(Either::Right));
    }
    if let Some(place) = Place::at(request.uri().path()) {
        return Ok(bring(&guard, place, request).await.map(Either::Left));
    }
    let Yes { mut parts, content, served } = match weigh(&guard, request).await {
        Ok(yes) => yes,
        Err(no) => return Ok(no.map(Either::Left)),
    };
    parts.extensions.insert(served.clone());
    let request = Request::from_parts(parts, Either::Left(Full::new(content)));
    let mut response = inner.call(request).await?;
    tell(response.headers_mut(), &guard, None, Some(served.verdict()), Some(served.content()));
    Ok(response.map(Either::Right))
}
