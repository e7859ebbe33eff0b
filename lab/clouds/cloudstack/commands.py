# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands this emulator serves: parameters, kind and who may call them.

Parameters are written `name:type`, with `!` where required, as the vendor's listApis describes them (4.18).
"""

from __future__ import annotations

from dataclasses import dataclass

ADMIN, DOMAIN_ADMIN, USER = "Admin", "DomainAdmin", "User"
EVERYONE = frozenset({ADMIN, DOMAIN_ADMIN, USER})
ROOT_ONLY = frozenset({ADMIN})

_PAGED = "keyword:string page:integer pagesize:integer"
_OWNER = "account:string domainid:uuid"
_LISTED = f"{_PAGED} {_OWNER} isrecursive:boolean listall:boolean"
_PROJECT = "projectid:uuid"
_PORTS = "startport:integer endport:integer icmptype:integer icmpcode:integer cidrlist:list"
_GROUP = f"securitygroupid:uuid securitygroupname:string usersecuritygrouplist:map {_OWNER} {_PROJECT}"
_CONFIGURATION_SCOPES = "accountid:uuid clusterid:uuid domainid:uuid imagestoreuuid:uuid storageid:uuid zoneid:uuid"


@dataclass(frozen=True)
class Param:
    name: str
    type: str
    required: bool
    length: int = 255


@dataclass(frozen=True)
class Command:
    name: str
    params: tuple[Param, ...]
    is_async: bool = False
    roles: frozenset[str] = EVERYONE
    description: str = ""

    @property
    def response_key(self) -> str:
        return f"{self.name.lower()}response"

    def param(self, name: str) -> Param | None:
        return next((param for param in self.params if param.name == name), None)


def _param(text: str) -> Param:
    name, kind = text.rstrip("!").split(":")
    return Param(name, kind, text.endswith("!"), 4096 if name == "value" else 255)


def _command(
    name: str, params: str, description: str, *, is_async: bool = False, roles: frozenset[str] = EVERYONE
) -> Command:
    parsed = [_param(text) for text in params.split()]
    # listTags has a `value` of ordinary length; only a configuration's value may be long.
    if name != "updateConfiguration":
        parsed = [Param(param.name, param.type, param.required) for param in parsed]
    return Command(name, tuple(sorted(parsed, key=lambda param: param.name)), is_async, roles, description)


_ALL = (
    _command("listApis", "name:string", "Lists the commands the caller may use"),
    _command("listCapabilities", "", "Lists capabilities"),
    _command(
        "listZones",
        f"{_PAGED} available:boolean domainid:uuid id:uuid name:string networktype:string"
        " showcapacities:boolean showicon:boolean tags:map",
        "Lists zones",
    ),
    _command(
        "listHosts",
        f"{_PAGED} clusterid:uuid details:list hahost:boolean hypervisor:string id:uuid name:string"
        " outofbandmanagementenabled:boolean outofbandmanagementpowerstate:string podid:uuid"
        " resourcestate:string state:string type:string virtualmachineid:uuid zoneid:uuid",
        "Lists hosts; this cloud has none",
        roles=ROOT_ONLY,
    ),
    _command("queryAsyncJobResult", "jobid:uuid!", "Says how far an asynchronous job is"),
    _command(
        "listAccounts",
        f"{_PAGED} accounttype:integer details:list domainid:uuid id:uuid iscleanuprequired:boolean"
        " isrecursive:boolean listall:boolean name:string showicon:boolean state:string",
        "Lists accounts",
    ),
    _command(
        "listUsers",
        f"{_LISTED} accounttype:integer id:uuid showicon:boolean state:string username:string",
        "Lists users",
    ),
    _command("listRolePermissions", "roleid:uuid", "Lists the rules of a role, in their order", roles=ROOT_ONLY),
    _command("getUserKeys", "id:uuid!", "Shows a user's API and secret key"),
    _command("registerUserKeys", "id:uuid!", "Makes a new key pair for a user; the old one is dead at once"),
    _command(
        "listSecurityGroups",
        f"{_LISTED} {_PROJECT} id:uuid securitygroupname:string tags:map virtualmachineid:uuid",
        "Lists security groups",
    ),
    _command(
        "createSecurityGroup",
        f"{_OWNER} {_PROJECT} description:string name:string!",
        "Creates a security group",
    ),
    _command("deleteSecurityGroup", f"{_OWNER} {_PROJECT} id:uuid name:string", "Deletes a security group"),
    _command(
        "authorizeSecurityGroupIngress",
        f"{_GROUP} protocol:string {_PORTS}",
        "Adds ingress rules",
        is_async=True,
    ),
    _command(
        "authorizeSecurityGroupEgress",
        f"{_GROUP} protocol:string {_PORTS}",
        "Adds egress rules",
        is_async=True,
    ),
    _command("revokeSecurityGroupIngress", "id:uuid!", "Removes an ingress rule", is_async=True),
    _command("revokeSecurityGroupEgress", "id:uuid!", "Removes an egress rule", is_async=True),
    _command(
        "listPublicIpAddresses",
        f"{_LISTED} {_PROJECT} allocatedonly:boolean associatednetworkid:uuid fordisplay:boolean"
        " forloadbalancing:boolean forvirtualnetwork:boolean id:uuid ipaddress:string issourcenat:boolean"
        " isstaticnat:boolean networkid:uuid physicalnetworkid:uuid state:string tags:map vlanid:uuid"
        " vpcid:uuid zoneid:uuid",
        "Lists public addresses",
    ),
    _command(
        "listFirewallRules",
        f"{_LISTED} {_PROJECT} fordisplay:boolean id:uuid ipaddressid:uuid networkid:uuid tags:map",
        "Lists the firewall rules of public addresses",
    ),
    _command(
        "createFirewallRule",
        f"protocol:string! {_PORTS} fordisplay:boolean ipaddressid:uuid! type:string",
        "Opens a port range of a public address",
        is_async=True,
    ),
    _command("deleteFirewallRule", "id:uuid!", "Deletes a firewall rule", is_async=True),
    _command(
        "listNetworkACLLists",
        f"{_LISTED} {_PROJECT} fordisplay:boolean id:uuid name:string networkid:uuid vpcid:uuid",
        "Lists network ACL lists",
    ),
    _command(
        "listNetworkACLs",
        f"{_LISTED} {_PROJECT} aclid:uuid action:string fordisplay:boolean id:uuid networkid:uuid"
        " protocol:string tags:map traffictype:string",
        "Lists the items of network ACL lists",
    ),
    _command(
        "createNetworkACL",
        f"protocol:string! {_PORTS} aclid:uuid action:string fordisplay:boolean networkid:uuid"
        " number:integer reason:string traffictype:string",
        "Adds an item to a network ACL list",
        is_async=True,
    ),
    _command(
        "updateNetworkACLItem",
        f"id:uuid! protocol:string {_PORTS} action:string customid:string fordisplay:boolean"
        " number:integer partialupgrade:boolean reason:string traffictype:string",
        "Changes an item of a network ACL list",
        is_async=True,
    ),
    _command("deleteNetworkACL", "id:uuid!", "Deletes an item of a network ACL list", is_async=True),
    _command(
        "createTags",
        "customer:string resourceids:list! resourcetype:string! tags:map!",
        "Tags resources",
        is_async=True,
    ),
    _command("deleteTags", "resourceids:list! resourcetype:string! tags:map", "Removes tags", is_async=True),
    _command(
        "listTags",
        f"{_LISTED} {_PROJECT} customer:string key:string resourceid:string resourcetype:string value:string",
        "Lists tags",
    ),
    _command(
        "listConfigurations",
        f"{_PAGED} {_CONFIGURATION_SCOPES} category:string group:string name:string parent:string subgroup:string",
        "Lists settings, global or of one scope",
        roles=ROOT_ONLY,
    ),
    _command(
        "updateConfiguration",
        f"{_CONFIGURATION_SCOPES} name:string! value:string",
        "Changes a setting, globally or in one scope",
        roles=ROOT_ONLY,
    ),
)

_CUSTOMER_GATEWAY = (
    "cidrlist:string! dpd:boolean esplifetime:long esppolicy:string! forceencap:boolean gateway:string!"
    " ikelifetime:long ikepolicy:string! ikeversion:string ipsecpsk:string! name:string splitconnections:boolean"
)
_VPN = (
    _command(
        "listVPCs",
        f"{_LISTED} {_PROJECT} cidr:string displaytext:string fordisplay:boolean id:uuid name:string"
        " restartrequired:boolean showicon:boolean state:string supportedservices:list tags:map vpcofferingid:uuid"
        " zoneid:uuid",
        "Lists VPCs",
    ),
    _command(
        "createVpnCustomerGateway",
        f"{_OWNER} {_PROJECT} {_CUSTOMER_GATEWAY}",
        "Describes the other end of a site-to-site VPN",
        is_async=True,
    ),
    _command(
        "updateVpnCustomerGateway",
        f"{_OWNER} {_CUSTOMER_GATEWAY} id:uuid!",
        "Changes a customer gateway, and starts its connections again",
        is_async=True,
    ),
    _command("deleteVpnCustomerGateway", "id:uuid!", "Deletes a customer gateway", is_async=True),
    _command("listVpnCustomerGateways", f"{_LISTED} {_PROJECT} id:uuid", "Lists customer gateways, with their keys"),
    _command("createVpnGateway", "fordisplay:boolean vpcid:uuid!", "Creates a VPC's VPN gateway", is_async=True),
    _command("deleteVpnGateway", "id:uuid!", "Deletes a VPC's VPN gateway", is_async=True),
    _command("listVpnGateways", f"{_LISTED} {_PROJECT} fordisplay:boolean id:uuid vpcid:uuid", "Lists VPN gateways"),
    _command(
        "createVpnConnection",
        "fordisplay:boolean passive:boolean s2scustomergatewayid:uuid! s2svpngatewayid:uuid!",
        "Connects a VPN gateway with a customer gateway",
        is_async=True,
    ),
    _command("deleteVpnConnection", "id:uuid!", "Deletes a connection", is_async=True),
    _command("resetVpnConnection", f"{_OWNER} id:uuid!", "Stops a connection and starts it again", is_async=True),
    _command(
        "listVpnConnections",
        f"{_LISTED} {_PROJECT} fordisplay:boolean id:uuid vpcid:uuid",
        "Lists connections, with their keys",
    ),
)

COMMANDS: dict[str, Command] = {command.name: command for command in (*_ALL, *_VPN)}

# RegisterUserKeysCmd, ListUserKeysCmd and DeleteUserKeysCmd of Apache CloudStack 4.23: a user has any number of pairs.
_SINCE_4_23 = (
    _command(
        "registerUserKeys",
        "description:string enddate:date id:uuid! name:string rules:map startdate:date",
        "Registers an API key pair for a user",
        is_async=True,
    ),
    _command(
        "listUserKeys",
        f"{_PAGED} keypairid:uuid listall:boolean showpermissions:boolean userid:uuid",
        "Lists the API key pairs of a user",
    ),
    _command("deleteUserKeys", "keypairid:uuid!", "Deletes a key pair of a user", is_async=True),
)


def several_pairs(version: str) -> bool:
    """Whether a user of this version may have more than one key pair."""
    return tuple(int(part) for part in version.split(".")[:2]) >= (4, 23)


def commands_of(version: str) -> dict[str, Command]:
    """The commands of a version such as 4.18.2.0."""
    newer = {command.name: command for command in _SINCE_4_23} if several_pairs(version) else {}
    return {**COMMANDS, **newer}
