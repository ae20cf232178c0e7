	.file	"through.c"
	.text
	.type	init, @function
init:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%ebx
	subl	$16, %esp
	movl	8(%ebp), %ebx
	pushl	$1
	call	*4(%ebx)
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L2
.L4:
	movl	$-20, %eax
	jmp	.L1
.L2:
	pushl	%edx
	pushl	%edx
	pushl	$4
	pushl	%eax
	call	*8(%ebx)
	addl	$16, %esp
	testl	%eax, %eax
	je	.L4
	movl	12(%ebp), %edx
	movl	%ebx, (%eax)
	movl	%eax, (%edx)
	xorl	%eax, %eax
.L1:
	movl	-4(%ebp), %ebx
	leave
	ret
	.size	init, .-init
	.type	fini, @function
fini:
	pushl	%ebp
	movl	%esp, %ebp
	movl	8(%ebp), %eax
	popl	%ebp
	movl	(%eax), %edx
	movl	12(%edx), %eax
	jmp	*%eax
	.size	fini, .-fini
	.type	probe, @function
probe:
	pushl	%ebp
	movl	%esp, %ebp
	cmpl	$1, 8(%ebp)
	popl	%ebp
	sbbl	%eax, %eax
	andl	$-62, %eax
	ret
	.size	probe, .-probe
	.type	ctx_free, @function
ctx_free:
	ret
	.size	ctx_free, .-ctx_free
	.type	handshake, @function
handshake:
	pushl	%ebp
	xorl	%edx, %edx
	movl	%esp, %ebp
	movl	12(%ebp), %eax
	movl	%edx, (%eax)
	xorl	%eax, %eax
	popl	%ebp
	ret
	.size	handshake, .-handshake
	.type	pending, @function
pending:
	xorl	%eax, %eax
	ret
	.size	pending, .-pending
	.type	shutdown, @function
shutdown:
	pushl	%ebp
	xorl	%edx, %edx
	movl	%esp, %ebp
	movl	12(%ebp), %eax
	movl	%edx, (%eax)
	movl	8(%ebp), %eax
	movl	$1, 20(%eax)
	xorl	%eax, %eax
	popl	%ebp
	ret
	.size	shutdown, .-shutdown
	.section	.rodata.str1.1,"aMS",@progbits,1
.LC0:
	.string	"TLSv1.3"
.LC1:
	.string	"THROUGH"
.LC2:
	.string	"no-group"
	.text
	.type	info, @function
info:
	call	__x86.get_pc_thunk.dx
	addl	$_GLOBAL_OFFSET_TABLE_, %edx
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%ebx
	movl	8(%ebp), %ecx
	movl	12(%ebp), %eax
	movl	12(%ecx), %ebx
	movl	16(%ecx), %ecx
	movl	$772, 4(%eax)
	cmpl	$31, (%eax)
	movl	$111, 8(%eax)
	movl	%ecx, 16(%eax)
	leal	.LC0@GOTOFF(%edx), %ecx
	movl	%ecx, 20(%eax)
	leal	.LC1@GOTOFF(%edx), %ecx
	movl	%ebx, 12(%eax)
	movl	%ecx, 24(%eax)
	jbe	.L23
	leal	.LC2@GOTOFF(%edx), %edx
	movl	%edx, 28(%eax)
.L23:
	xorl	%eax, %eax
	popl	%ebx
	popl	%ebp
	ret
	.size	info, .-info
	.section	.rodata.str1.1
.LC3:
	.string	"DER"
.LC4:
	.string	"CN=through"
.LC5:
	.string	"CN=nobody"
.LC6:
	.string	"mx.example"
.LC7:
	.string	"abababababababababababababababababababababababababababababababab"
	.text
	.type	certificate, @function
certificate:
	call	__x86.get_pc_thunk.dx
	addl	$_GLOBAL_OFFSET_TABLE_, %edx
	pushl	%ebp
	movl	$-3, %ecx
	movl	%esp, %ebp
	cmpl	$0, 12(%ebp)
	movl	16(%ebp), %eax
	jne	.L25
	leal	.LC3@GOTOFF(%edx), %ecx
	movl	$3, 8(%eax)
	movl	%ecx, 4(%eax)
	leal	.LC4@GOTOFF(%edx), %ecx
	movl	%ecx, 12(%eax)
	leal	.LC5@GOTOFF(%edx), %ecx
	movl	%ecx, 16(%eax)
	leal	.LC6@GOTOFF(%edx), %ecx
	movl	%ecx, 20(%eax)
	xorl	%ecx, %ecx
	cmpl	$43, (%eax)
	movl	$1, 24(%eax)
	movl	%ecx, 28(%eax)
	movl	$-769665, 32(%eax)
	movl	$58, 36(%eax)
	ja	.L27
.L28:
	xorl	%ecx, %ecx
	jmp	.L25
.L27:
	leal	.LC7@GOTOFF(%edx), %edx
	movl	%edx, 40(%eax)
	jmp	.L28
.L25:
	movl	%ecx, %eax
	popl	%ebp
	ret
	.size	certificate, .-certificate
	.section	.rodata.str1.1
.LC8:
	.string	"ticket"
	.text
	.type	ticket, @function
ticket:
	call	__x86.get_pc_thunk.dx
	addl	$_GLOBAL_OFFSET_TABLE_, %edx
	pushl	%ebp
	movl	%esp, %ebp
	subl	$12, %esp
	movl	12(%ebp), %eax
	pushl	$6
	leal	.LC8@GOTOFF(%edx), %edx
	pushl	%edx
	pushl	8(%eax)
	call	*4(%eax)
	leave
	ret
	.size	ticket, .-ticket
	.type	conn_free, @function
conn_free:
	pushl	%ebp
	movl	%esp, %ebp
	movl	8(%ebp), %eax
	testl	%eax, %eax
	je	.L34
	movl	(%eax), %edx
	popl	%ebp
	movl	12(%edx), %eax
	jmp	*%eax
.L34:
	popl	%ebp
	ret
	.size	conn_free, .-conn_free
	.section	.rodata.str1.1
.LC9:
	.string	"tls-exporter"
	.text
	.type	channel_binding, @function
channel_binding:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%esi
	pushl	%ebx
	movl	16(%ebp), %esi
	call	__x86.get_pc_thunk.bx
	addl	$_GLOBAL_OFFSET_TABLE_, %ebx
	pushl	%eax
	pushl	%eax
	leal	.LC9@GOTOFF(%ebx), %eax
	pushl	%eax
	pushl	12(%ebp)
	call	strcmp@PLT
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L42
	movl	24(%ebp), %edx
	movl	$4, (%edx)
	testl	%esi, %esi
	je	.L37
	cmpl	$3, 20(%ebp)
	jbe	.L43
	testl	%esi, %esi
	je	.L37
	movl	$1684957538, (%esi)
	jmp	.L37
.L42:
	movl	$-62, %eax
	jmp	.L37
.L43:
	movl	$-10, %eax
.L37:
	leal	-8(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%ebp
	ret
	.size	channel_binding, .-channel_binding
	.section	.rodata.str1.1
.LC10:
	.string	"-"
.LC11:
	.string	"?"
.LC12:
	.string	"conn %u %s %u pins %u %02x ticket %u"
.LC13:
	.string	"conn 1.1 sni %s"
	.text
	.type	conn_new, @function
conn_new:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%edi
	pushl	%esi
	pushl	%ebx
	call	__x86.get_pc_thunk.bx
	addl	$_GLOBAL_OFFSET_TABLE_, %ebx
	subl	$552, %esp
	movl	8(%ebp), %eax
	movl	12(%ebp), %esi
	movl	(%eax), %eax
	movl	%eax, -540(%ebp)
	pushl	$24
	call	*4(%eax)
	movl	%eax, %edx
	movl	$-20, %eax
	addl	$16, %esp
	testl	%edx, %edx
	je	.L49
	leal	4(%edx), %eax
	movl	$5, %ecx
	movl	%eax, %edi
	xorl	%eax, %eax
	rep stosl
	movl	-540(%ebp), %eax
	movl	%eax, (%edx)
	movl	32(%esi), %eax
	movl	4(%esi), %edi
	movl	%eax, 4(%edx)
	movl	36(%esi), %eax
	movl	%edi, 12(%edx)
	movl	%eax, 8(%edx)
	movl	28(%esi), %eax
	movl	%eax, -544(%ebp)
	xorl	%eax, %eax
	cmpl	$6, -544(%ebp)
	jne	.L51
	movl	%edx, -548(%ebp)
	pushl	%eax
	leal	.LC8@GOTOFF(%ebx), %eax
	pushl	$6
	pushl	%eax
	pushl	24(%esi)
	call	memcmp@PLT
	addl	$16, %esp
	movl	-548(%ebp), %edx
	testl	%eax, %eax
	sete	%al
	movzbl	%al, %eax
.L51:
	movl	16(%esi), %ecx
	movl	%eax, 16(%edx)
	xorl	%eax, %eax
	testl	%ecx, %ecx
	je	.L52
	leal	134217727(%ecx), %eax
	sall	$5, %eax
	addl	20(%esi), %eax
	movzbl	31(%eax), %eax
.L52:
	subl	$12, %esp
	movl	%edx, -548(%ebp)
	pushl	-544(%ebp)
	pushl	%eax
	leal	.LC12@GOTOFF(%ebx), %eax
	pushl	%ecx
	pushl	12(%esi)
	pushl	8(%esi)
	pushl	%edi
	leal	-536(%ebp), %edi
	pushl	%eax
	pushl	$512
	pushl	%edi
	call	snprintf@PLT
	addl	$44, %esp
	movl	-540(%ebp), %eax
	pushl	%edi
	pushl	$2
	pushl	-540(%ebp)
	call	*20(%eax)
	movl	-548(%ebp), %edx
	leal	.LC11@GOTOFF(%ebx), %eax
	addl	$16, %esp
	cmpl	$43, (%esi)
	jbe	.L53
	movl	40(%esi), %eax
	testl	%eax, %eax
	jne	.L53
	leal	.LC10@GOTOFF(%ebx), %eax
.L53:
	movl	%edx, -544(%ebp)
	pushl	%eax
	leal	.LC13@GOTOFF(%ebx), %eax
	pushl	%eax
	pushl	$512
	pushl	%edi
	call	snprintf@PLT
	addl	$12, %esp
	movl	-540(%ebp), %eax
	pushl	%edi
	pushl	$2
	pushl	-540(%ebp)
	call	*20(%eax)
	movl	16(%ebp), %eax
	movl	-544(%ebp), %edx
	addl	$16, %esp
	movl	%edx, (%eax)
	xorl	%eax, %eax
.L49:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	conn_new, .-conn_new
	.section	.rodata.str1.1
.LC14:
	.string	"NONE"
.LC15:
	.string	"through: no cipher is no cipher"
.LC16:
	.string	"config %u %x %x ca %s crl %s ciphers %s cert %s key %s pass %s"
.LC17:
	.string	"config 1.1 ca %s cert %s key %s system %s %s all %u"
	.text
	.type	ctx_new, @function
ctx_new:
	pushl	%ebp
	movl	$7, %ecx
	movl	%esp, %ebp
	pushl	%edi
	pushl	%esi
	leal	-564(%ebp), %edi
	pushl	%ebx
	call	__x86.get_pc_thunk.bx
	addl	$_GLOBAL_OFFSET_TABLE_, %ebx
	subl	$588, %esp
	movl	8(%ebp), %eax
	movl	12(%ebp), %esi
	movl	$45, -568(%ebp)
	movl	(%eax), %eax
	movl	%eax, -588(%ebp)
	xorl	%eax, %eax
	rep stosl
	movl	24(%esi), %eax
	xorl	%ecx, %ecx
	movl	%ecx, -572(%ebp)
	testl	%eax, %eax
	je	.L62
	pushl	%edx
	pushl	%edx
	leal	.LC14@GOTOFF(%ebx), %edx
	pushl	%edx
	pushl	%eax
	call	strcmp@PLT
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L62
	pushl	%eax
	pushl	%eax
	leal	.LC15@GOTOFF(%ebx), %eax
	pushl	%eax
	movl	-588(%ebp), %eax
	pushl	$0
	pushl	$7
	pushl	$-40
	pushl	16(%ebp)
	pushl	-588(%ebp)
	call	*24(%eax)
	movl	$-40, %eax
	addl	$32, %esp
	jmp	.L61
.L62:
	movl	36(%esi), %eax
	testl	%eax, %eax
	je	.L65
	leal	-572(%ebp), %edx
	pushl	%edx
	leal	-568(%ebp), %edx
	pushl	$31
	pushl	%edx
	pushl	40(%esi)
	call	*%eax
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L65
	movl	-572(%ebp), %eax
	movb	$0, -568(%ebp,%eax)
.L65:
	movl	32(%esi), %ecx
	testl	%ecx, %ecx
	jne	.L67
	leal	.LC10@GOTOFF(%ebx), %ecx
.L67:
	movl	28(%esi), %eax
	movl	%eax, -592(%ebp)
	testl	%eax, %eax
	jne	.L68
	leal	.LC10@GOTOFF(%ebx), %eax
	movl	%eax, -592(%ebp)
.L68:
	movl	24(%esi), %edi
	testl	%edi, %edi
	jne	.L69
	leal	.LC10@GOTOFF(%ebx), %edi
.L69:
	movl	20(%esi), %edx
	testl	%edx, %edx
	jne	.L70
	leal	.LC10@GOTOFF(%ebx), %edx
.L70:
	movl	16(%esi), %eax
	movl	%eax, -596(%ebp)
	testl	%eax, %eax
	jne	.L71
	leal	.LC10@GOTOFF(%ebx), %eax
	movl	%eax, -596(%ebp)
.L71:
	leal	-568(%ebp), %eax
	movl	%eax, -600(%ebp)
	pushl	%eax
	leal	.LC16@GOTOFF(%ebx), %eax
	pushl	%ecx
	pushl	-592(%ebp)
	pushl	%edi
	pushl	%edx
	leal	-536(%ebp), %edx
	pushl	-596(%ebp)
	pushl	12(%esi)
	pushl	8(%esi)
	pushl	4(%esi)
	pushl	%eax
	pushl	$512
	pushl	%edx
	movl	%edx, -592(%ebp)
	call	snprintf@PLT
	addl	$40, %esp
	movl	-588(%ebp), %eax
	pushl	$32
	pushl	-600(%ebp)
	call	*16(%eax)
	movl	-592(%ebp), %edx
	movl	-588(%ebp), %eax
	addl	$12, %esp
	pushl	%edx
	pushl	$2
	pushl	-588(%ebp)
	call	*20(%eax)
	movl	$-62, %eax
	addl	$16, %esp
	cmpl	$67, (%esi)
	jbe	.L61
	movl	64(%esi), %eax
	movl	60(%esi), %ecx
	movl	%eax, -592(%ebp)
	testl	%ecx, %ecx
	jne	.L72
	leal	.LC10@GOTOFF(%ebx), %ecx
.L72:
	movl	56(%esi), %edi
	testl	%edi, %edi
	jne	.L73
	leal	.LC10@GOTOFF(%ebx), %edi
.L73:
	movl	52(%esi), %edx
	testl	%edx, %edx
	jne	.L74
	leal	.LC10@GOTOFF(%ebx), %edx
.L74:
	movl	48(%esi), %eax
	testl	%eax, %eax
	jne	.L75
	leal	.LC10@GOTOFF(%ebx), %eax
.L75:
	movl	44(%esi), %esi
	testl	%esi, %esi
	jne	.L76
	leal	.LC10@GOTOFF(%ebx), %esi
.L76:
	subl	$12, %esp
	pushl	-592(%ebp)
	pushl	%ecx
	pushl	%edi
	pushl	%edx
	pushl	%eax
	leal	.LC17@GOTOFF(%ebx), %eax
	pushl	%esi
	leal	-536(%ebp), %esi
	pushl	%eax
	pushl	$512
	pushl	%esi
	call	snprintf@PLT
	addl	$44, %esp
	movl	-588(%ebp), %eax
	pushl	%esi
	pushl	$2
	pushl	-588(%ebp)
	call	*20(%eax)
	movl	20(%ebp), %eax
	movl	8(%ebp), %ecx
	addl	$16, %esp
	movl	%ecx, (%eax)
	xorl	%eax, %eax
.L61:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	ctx_new, .-ctx_new
	.section	.rodata.str1.1
.LC18:
	.string	"through: it ended"
	.text
	.type	below.part.0, @function
below.part.0:
	call	__x86.get_pc_thunk.cx
	addl	$_GLOBAL_OFFSET_TABLE_, %ecx
	pushl	%ebp
	movl	%esp, %ebp
	subl	$16, %esp
	movl	(%eax), %edx
	leal	.LC18@GOTOFF(%ecx), %ecx
	pushl	%ecx
	pushl	$0
	pushl	$0
	pushl	$-34
	pushl	8(%eax)
	pushl	%edx
	call	*24(%edx)
	movl	$-34, %eax
	leave
	ret
	.size	below.part.0, .-below.part.0
	.type	receive, @function
receive:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%edi
	pushl	%esi
	pushl	%ebx
	subl	$12, %esp
	movl	8(%ebp), %ebx
	movl	12(%ebp), %edx
	movl	16(%ebp), %ecx
	movl	20(%ebp), %edi
	cmpl	$0, 20(%ebx)
	movl	24(%ebp), %esi
	jne	.L87
	movl	4(%ebx), %eax
	pushl	%edi
	pushl	%ecx
	pushl	%edx
	pushl	12(%eax)
	call	*4(%eax)
	addl	$16, %esp
	cmpl	$-1, %eax
	jne	.L86
	movl	$1, (%esi)
	jmp	.L84
.L86:
	cmpl	$-2, %eax
	jne	.L84
	leal	-12(%ebp), %esp
	movl	%ebx, %eax
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	jmp	below.part.0
.L87:
	movl	$-2, %eax
.L84:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	receive, .-receive
	.type	deliver, @function
deliver:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%esi
	pushl	%ebx
	movl	8(%ebp), %ebx
	movl	24(%ebp), %esi
	movl	4(%ebx), %eax
	pushl	20(%ebp)
	pushl	16(%ebp)
	pushl	12(%ebp)
	pushl	12(%eax)
	call	*8(%eax)
	addl	$16, %esp
	cmpl	$-1, %eax
	jne	.L90
	movl	$2, (%esi)
	jmp	.L89
.L90:
	cmpl	$-2, %eax
	jne	.L89
	leal	-8(%ebp), %esp
	movl	%ebx, %eax
	popl	%ebx
	popl	%esi
	popl	%ebp
	jmp	below.part.0
.L89:
	leal	-8(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%ebp
	ret
	.size	deliver, .-deliver
	.globl	envoi_plugin_through_1_1
	.type	envoi_plugin_through_1_1, @function
envoi_plugin_through_1_1:
	call	__x86.get_pc_thunk.ax
	addl	$_GLOBAL_OFFSET_TABLE_, %eax
	leal	plugin@GOTOFF(%eax), %eax
	ret
	.size	envoi_plugin_through_1_1, .-envoi_plugin_through_1_1
	.section	.rodata.str1.1
.LC19:
	.string	"through_1_1"
.LC20:
	.string	"1.1"
.LC21:
	.string	"MIT"
	.section	.data.rel.ro.local,"aw"
	.align 32
	.type	plugin, @object
	.size	plugin, 44
plugin:
	.long	44
	.long	1162761807
	.long	1
	.long	1
	.long	.LC19
	.long	.LC20
	.long	.LC21
	.long	init
	.long	fini
	.long	transports
	.long	0
	.align 4
	.type	transports, @object
	.size	transports, 8
transports:
	.long	transport
	.long	0
	.section	.rodata.str1.1
.LC22:
	.string	"through"
.LC23:
	.string	"no library"
	.section	.data.rel.ro.local
	.align 32
	.type	transport, @object
	.size	transport, 72
transport:
	.long	72
	.long	2041
	.long	.LC22
	.long	.LC23
	.long	probe
	.long	ctx_new
	.long	ctx_free
	.long	conn_new
	.long	handshake
	.long	receive
	.long	deliver
	.long	pending
	.long	shutdown
	.long	info
	.long	certificate
	.long	channel_binding
	.long	ticket
	.long	conn_free
	.section	.text.__x86.get_pc_thunk.ax,"axG",@progbits,__x86.get_pc_thunk.ax,comdat
	.globl	__x86.get_pc_thunk.ax
	.hidden	__x86.get_pc_thunk.ax
	.type	__x86.get_pc_thunk.ax, @function
__x86.get_pc_thunk.ax:
	movl	(%esp), %eax
	ret
	.section	.text.__x86.get_pc_thunk.dx,"axG",@progbits,__x86.get_pc_thunk.dx,comdat
	.globl	__x86.get_pc_thunk.dx
	.hidden	__x86.get_pc_thunk.dx
	.type	__x86.get_pc_thunk.dx, @function
__x86.get_pc_thunk.dx:
	movl	(%esp), %edx
	ret
	.section	.text.__x86.get_pc_thunk.cx,"axG",@progbits,__x86.get_pc_thunk.cx,comdat
	.globl	__x86.get_pc_thunk.cx
	.hidden	__x86.get_pc_thunk.cx
	.type	__x86.get_pc_thunk.cx, @function
__x86.get_pc_thunk.cx:
	movl	(%esp), %ecx
	ret
	.section	.text.__x86.get_pc_thunk.bx,"axG",@progbits,__x86.get_pc_thunk.bx,comdat
	.globl	__x86.get_pc_thunk.bx
	.hidden	__x86.get_pc_thunk.bx
	.type	__x86.get_pc_thunk.bx, @function
__x86.get_pc_thunk.bx:
	movl	(%esp), %ebx
	ret
	.section	.note.GNU-stack,"",@progbits
