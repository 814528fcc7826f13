//! A right that was checked.

use std::marker::PhantomData;

use super::OrgScope;

/// Proof that the scope's principal holds the permission `P` in the scope's organisation.
///
/// ```compile_fail
/// use usermgmt_core::proof::{OrgScope, Permit};
/// usermgmt_core::permission!(pub DeleteProject = "project:delete");
/// fn forge(scope: OrgScope) -> Permit<DeleteProject> {
///     Permit { scope, permission: std::marker::PhantomData }
/// }
/// ```
///
/// A permit for one permission is no permit for another:
///
/// ```compile_fail
/// use usermgmt_core::proof::Permit;
/// usermgmt_core::permission!(pub ReadProject = "project:read"; pub DeleteProject = "project:delete");
/// fn delete(permit: &Permit<DeleteProject>) {}
/// fn sneak(permit: &Permit<ReadProject>) { delete(permit) }
/// ```
pub struct Permit<P> {
    scope: OrgScope,
    permission: PhantomData<fn() -> P>,
}

impl<P> Permit<P> {
    pub(super) const fn granted(scope: OrgScope) -> Self {
        Self { scope, permission: PhantomData }
    }

    /// The organisation in which the right is held.
    #[must_use]
    pub const fn scope(&self) -> &OrgScope {
        &self.scope
    }
}

impl<P> Clone for Permit<P> {
    fn clone(&self) -> Self {
        Self::granted(self.scope.clone())
    }
}

impl<P> std::fmt::Debug for Permit<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Permit({:?})", self.scope)
    }
}
