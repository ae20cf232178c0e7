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
	movl	$111, 8(%eax)
	movl	%ecx, 16(%eax)
	leal	.LC0@GOTOFF(%edx), %ecx
	leal	.LC1@GOTOFF(%edx), %edx
	movl	%ebx, 12(%eax)
	movl	%ecx, 20(%eax)
	movl	%edx, 24(%eax)
	xorl	%eax, %eax
	popl	%ebx
	popl	%ebp
	ret
	.size	info, .-info
	.section	.rodata.str1.1
.LC2:
	.string	"DER"
.LC3:
	.string	"CN=through"
.LC4:
	.string	"CN=nobody"
.LC5:
	.string	"mx.example"
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
	jne	.L24
	leal	.LC2@GOTOFF(%edx), %ecx
	movl	$3, 8(%eax)
	movl	%ecx, 4(%eax)
	leal	.LC3@GOTOFF(%edx), %ecx
	movl	%ecx, 12(%eax)
	leal	.LC4@GOTOFF(%edx), %ecx
	leal	.LC5@GOTOFF(%edx), %edx
	movl	%edx, 20(%eax)
	xorl	%edx, %edx
	movl	$1, 24(%eax)
	movl	%edx, 28(%eax)
	movl	$-769665, 32(%eax)
	movl	$58, 36(%eax)
	movl	%ecx, 16(%eax)
	xorl	%ecx, %ecx
.L24:
	movl	%ecx, %eax
	popl	%ebp
	ret
	.size	certificate, .-certificate
	.section	.rodata.str1.1
.LC6:
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
	leal	.LC6@GOTOFF(%edx), %edx
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
	je	.L31
	movl	(%eax), %edx
	popl	%ebp
	movl	12(%edx), %eax
	jmp	*%eax
.L31:
	popl	%ebp
	ret
	.size	conn_free, .-conn_free
	.section	.rodata.str1.1
.LC7:
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
	leal	.LC7@GOTOFF(%ebx), %eax
	pushl	%eax
	pushl	12(%ebp)
	call	strcmp@PLT
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L39
	movl	24(%ebp), %edx
	movl	$4, (%edx)
	testl	%esi, %esi
	je	.L34
	cmpl	$3, 20(%ebp)
	jbe	.L40
	testl	%esi, %esi
	je	.L34
	movl	$1684957538, (%esi)
	jmp	.L34
.L39:
	movl	$-62, %eax
	jmp	.L34
.L40:
	movl	$-10, %eax
.L34:
	leal	-8(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%ebp
	ret
	.size	channel_binding, .-channel_binding
	.section	.rodata.str1.1
.LC8:
	.string	"conn %u %s %u pins %u %02x ticket %u"
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
	movl	%eax, -544(%ebp)
	pushl	$24
	call	*4(%eax)
	movl	%eax, -540(%ebp)
	movl	$-20, %eax
	addl	$16, %esp
	cmpl	$0, -540(%ebp)
	je	.L46
	movl	-540(%ebp), %eax
	movl	$5, %ecx
	leal	4(%eax), %edx
	xorl	%eax, %eax
	movl	%edx, %edi
	movl	-544(%ebp), %edx
	rep stosl
	movl	-540(%ebp), %eax
	movl	-540(%ebp), %ecx
	movl	%edx, (%eax)
	movl	32(%esi), %eax
	movl	4(%esi), %edi
	movl	%eax, 4(%ecx)
	movl	36(%esi), %eax
	movl	%edi, 12(%ecx)
	movl	%eax, 8(%ecx)
	movl	28(%esi), %ecx
	xorl	%eax, %eax
	cmpl	$6, %ecx
	jne	.L48
	movl	%ecx, -548(%ebp)
	pushl	%eax
	leal	.LC6@GOTOFF(%ebx), %eax
	pushl	$6
	pushl	%eax
	pushl	24(%esi)
	call	memcmp@PLT
	addl	$16, %esp
	movl	-548(%ebp), %ecx
	testl	%eax, %eax
	sete	%al
	movzbl	%al, %eax
.L48:
	movl	-540(%ebp), %edx
	movl	%eax, 16(%edx)
	movl	16(%esi), %edx
	xorl	%eax, %eax
	testl	%edx, %edx
	je	.L49
	leal	134217727(%edx), %eax
	sall	$5, %eax
	addl	20(%esi), %eax
	movzbl	31(%eax), %eax
.L49:
	subl	$12, %esp
	pushl	%ecx
	pushl	%eax
	leal	.LC8@GOTOFF(%ebx), %eax
	pushl	%edx
	pushl	12(%esi)
	pushl	8(%esi)
	leal	-536(%ebp), %esi
	pushl	%edi
	pushl	%eax
	pushl	$512
	pushl	%esi
	call	snprintf@PLT
	addl	$44, %esp
	movl	-544(%ebp), %eax
	pushl	%esi
	pushl	$2
	pushl	-544(%ebp)
	call	*20(%eax)
	movl	16(%ebp), %eax
	movl	-540(%ebp), %ebx
	addl	$16, %esp
	movl	%ebx, (%eax)
	xorl	%eax, %eax
.L46:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	conn_new, .-conn_new
	.section	.rodata.str1.1
.LC9:
	.string	"-"
.LC10:
	.string	"NONE"
.LC11:
	.string	"through: no cipher is no cipher"
.LC12:
	.string	"config %u %x %x ca %s crl %s ciphers %s cert %s key %s pass %s"
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
	je	.L57
	pushl	%edx
	pushl	%edx
	leal	.LC10@GOTOFF(%ebx), %edx
	pushl	%edx
	pushl	%eax
	call	strcmp@PLT
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L57
	pushl	%eax
	pushl	%eax
	leal	.LC11@GOTOFF(%ebx), %eax
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
	jmp	.L56
.L57:
	movl	36(%esi), %eax
	testl	%eax, %eax
	je	.L60
	leal	-572(%ebp), %edx
	pushl	%edx
	leal	-568(%ebp), %edx
	pushl	$31
	pushl	%edx
	pushl	40(%esi)
	call	*%eax
	addl	$16, %esp
	testl	%eax, %eax
	jne	.L60
	movl	-572(%ebp), %eax
	movb	$0, -568(%ebp,%eax)
.L60:
	movl	32(%esi), %ecx
	testl	%ecx, %ecx
	jne	.L62
	leal	.LC9@GOTOFF(%ebx), %ecx
.L62:
	movl	28(%esi), %eax
	movl	%eax, -592(%ebp)
	testl	%eax, %eax
	jne	.L63
	leal	.LC9@GOTOFF(%ebx), %eax
	movl	%eax, -592(%ebp)
.L63:
	movl	24(%esi), %edi
	testl	%edi, %edi
	jne	.L64
	leal	.LC9@GOTOFF(%ebx), %edi
.L64:
	movl	20(%esi), %edx
	testl	%edx, %edx
	jne	.L65
	leal	.LC9@GOTOFF(%ebx), %edx
.L65:
	movl	16(%esi), %eax
	movl	%eax, -596(%ebp)
	testl	%eax, %eax
	jne	.L66
	leal	.LC9@GOTOFF(%ebx), %eax
	movl	%eax, -596(%ebp)
.L66:
	leal	-568(%ebp), %eax
	movl	%eax, -600(%ebp)
	pushl	%eax
	leal	.LC12@GOTOFF(%ebx), %eax
	pushl	%ecx
	pushl	-592(%ebp)
	pushl	%edi
	pushl	%edx
	pushl	-596(%ebp)
	pushl	12(%esi)
	pushl	8(%esi)
	pushl	4(%esi)
	leal	-536(%ebp), %esi
	pushl	%eax
	pushl	$512
	pushl	%esi
	call	snprintf@PLT
	addl	$40, %esp
	movl	-588(%ebp), %eax
	pushl	$32
	pushl	-600(%ebp)
	call	*16(%eax)
	movl	-588(%ebp), %eax
	addl	$12, %esp
	pushl	%esi
	pushl	$2
	pushl	-588(%ebp)
	call	*20(%eax)
	movl	20(%ebp), %eax
	movl	8(%ebp), %ecx
	addl	$16, %esp
	movl	%ecx, (%eax)
	xorl	%eax, %eax
.L56:
	leal	-12(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret
	.size	ctx_new, .-ctx_new
	.section	.rodata.str1.1
.LC13:
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
	leal	.LC13@GOTOFF(%ecx), %ecx
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
	jne	.L76
	movl	4(%ebx), %eax
	pushl	%edi
	pushl	%ecx
	pushl	%edx
	pushl	12(%eax)
	call	*4(%eax)
	addl	$16, %esp
	cmpl	$-1, %eax
	jne	.L75
	movl	$1, (%esi)
	jmp	.L73
.L75:
	cmpl	$-2, %eax
	jne	.L73
	leal	-12(%ebp), %esp
	movl	%ebx, %eax
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	jmp	below.part.0
.L76:
	movl	$-2, %eax
.L73:
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
	jne	.L79
	movl	$2, (%esi)
	jmp	.L78
.L79:
	cmpl	$-2, %eax
	jne	.L78
	leal	-8(%ebp), %esp
	movl	%ebx, %eax
	popl	%ebx
	popl	%esi
	popl	%ebp
	jmp	below.part.0
.L78:
	leal	-8(%ebp), %esp
	popl	%ebx
	popl	%esi
	popl	%ebp
	ret
	.size	deliver, .-deliver
	.globl	envoi_plugin_through_1_0
	.type	envoi_plugin_through_1_0, @function
envoi_plugin_through_1_0:
	call	__x86.get_pc_thunk.ax
	addl	$_GLOBAL_OFFSET_TABLE_, %eax
	leal	plugin@GOTOFF(%eax), %eax
	ret
	.size	envoi_plugin_through_1_0, .-envoi_plugin_through_1_0
	.section	.rodata.str1.1
.LC14:
	.string	"through_1_0"
.LC15:
	.string	"1.0"
.LC16:
	.string	"MIT"
	.section	.data.rel.ro.local,"aw"
	.align 32
	.type	plugin, @object
	.size	plugin, 44
plugin:
	.long	44
	.long	1162761807
	.long	1
	.long	0
	.long	.LC14
	.long	.LC15
	.long	.LC16
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
.LC17:
	.string	"through"
.LC18:
	.string	"no library"
	.section	.data.rel.ro.local
	.align 32
	.type	transport, @object
	.size	transport, 72
transport:
	.long	72
	.long	25
	.long	.LC17
	.long	.LC18
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
